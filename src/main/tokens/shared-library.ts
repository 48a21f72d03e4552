/**
 * Whether bytes can be a PKCS#11 module of this computer, told from the file's headers before anything of it runs:
 * ELF (System V ABI, chapter 4), Mach-O (mach-o/loader.h), PE (Microsoft's PE format, COFF header).
 */
export interface Computer {
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
}

interface Format {
  readonly name: string;
  /** Machine numbers by architecture; one that is not listed is not checked. */
  readonly machines: Readonly<Partial<Record<NodeJS.Architecture, number>>>;
  /** Null where the bytes are of another format. */
  read(bytes: Buffer): Header | null;
}

interface Header {
  /** One; several in a universal Mach-O file. */
  readonly machines: readonly number[];
  readonly isLibrary: boolean;
}

const elf: Format = {
  name: 'ELF',
  machines: { ia32: 3, s390x: 22, arm: 40, x64: 62, arm64: 183, riscv64: 243, loong64: 258 },
  read: (bytes) => {
    if (bytes.readUInt32BE(0) !== 0x7f454c46) return null;
    const half = (at: number): number => (bytes[5] === 2 ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
    const sharedObject = 3; // ET_DYN
    return { machines: [half(18)], isLibrary: half(16) === sharedObject };
  },
};

const machO: Format = {
  name: 'Mach-O',
  machines: { x64: 0x01000007, arm64: 0x0100000c },
  read: (bytes) => {
    if (bytes.readUInt32BE(0) === 0xcafebabe) {
      const count = Math.min(bytes.readUInt32BE(4), 16);
      const machines = Array.from({ length: count }, (_, index) => bytes.readUInt32BE(8 + index * 20));
      return { machines, isLibrary: true };
    }
    if (bytes.readUInt32LE(0) !== 0xfeedfacf) return null;
    const dylib = 6;
    const bundle = 8;
    return { machines: [bytes.readUInt32LE(4)], isLibrary: [dylib, bundle].includes(bytes.readUInt32LE(12)) };
  },
};

const pe: Format = {
  name: 'PE',
  machines: { ia32: 0x014c, x64: 0x8664, arm64: 0xaa64 },
  read: (bytes) => {
    if (bytes.toString('latin1', 0, 2) !== 'MZ') return null;
    const header = bytes.readUInt32LE(0x3c);
    if (bytes.toString('latin1', header, header + 4) !== 'PE\0\0') return null;
    const dll = 0x2000; // IMAGE_FILE_DLL
    return {
      machines: [bytes.readUInt16LE(header + 4)],
      isLibrary: (bytes.readUInt16LE(header + 22) & dll) !== 0,
    };
  },
};

function formatOf(platform: NodeJS.Platform): Format {
  if (platform === 'darwin') return machO;
  return platform === 'win32' ? pe : elf;
}

/** Null, or why the file cannot be loaded as a PKCS#11 module here, as the end of a sentence. */
export function libraryProblem(bytes: Buffer, { platform, arch }: Computer): string | null {
  const format = formatOf(platform);
  const header = read(format, bytes);
  if (header === null) return `it is no shared library of this system (${format.name})`;
  if (!header.isLibrary) return 'it is a program or an object file, not a shared library';
  const machine = format.machines[arch];
  if (machine !== undefined && !header.machines.includes(machine)) {
    return `it is built for another processor than this one (${arch})`;
  }
  // The only name a module has to export (PKCS#11 2.40, 5.2). Mach-O may store it in pieces; loading will tell there.
  if (format !== machO && !bytes.includes('C_GetFunctionList\0')) {
    return 'it exports no C_GetFunctionList, so it is another kind of library';
  }
  return null;
}

function read(format: Format, bytes: Buffer): Header | null {
  try {
    return format.read(bytes);
  } catch (error) {
    if (error instanceof RangeError) return null; // cut short
    throw error;
  }
}
