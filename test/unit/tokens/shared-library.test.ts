import { describe, expect, it } from 'vitest';
import { libraryProblem, type Computer } from '../../../src/main/tokens/shared-library.ts';

const exportsIt = Buffer.from('\0C_GetFunctionList\0');

function elf(options: { type?: number; machine?: number; bigEndian?: boolean } = {}): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  const { type = 3, machine = 62, bigEndian = false } = options;
  header[5] = bigEndian ? 2 : 1;
  const write = (value: number, at: number) =>
    bigEndian ? header.writeUInt16BE(value, at) : header.writeUInt16LE(value, at);
  write(type, 16);
  write(machine, 18);
  return Buffer.concat([header, exportsIt]);
}

function machO(options: { fileType?: number; cpu?: number } = {}): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0xfeedfacf, 0);
  header.writeUInt32LE(options.cpu ?? 0x0100000c, 4);
  header.writeUInt32LE(options.fileType ?? 6, 12);
  return header;
}

function universal(...cpus: number[]): Buffer {
  const header = Buffer.alloc(8 + cpus.length * 20);
  header.writeUInt32BE(0xcafebabe, 0);
  header.writeUInt32BE(cpus.length, 4);
  cpus.forEach((cpu, index) => header.writeUInt32BE(cpu, 8 + index * 20));
  return header;
}

function pe(options: { machine?: number; characteristics?: number; signature?: string } = {}): Buffer {
  const bytes = Buffer.alloc(256);
  bytes.write('MZ', 'latin1');
  bytes.writeUInt32LE(128, 0x3c);
  bytes.write(options.signature ?? 'PE\0\0', 128, 'latin1');
  bytes.writeUInt16LE(options.machine ?? 0x8664, 132);
  bytes.writeUInt16LE(options.characteristics ?? 0x2022, 150);
  return Buffer.concat([bytes, exportsIt]);
}

const linux: Computer = { platform: 'linux', arch: 'x64' };
const mac: Computer = { platform: 'darwin', arch: 'arm64' };
const windows: Computer = { platform: 'win32', arch: 'x64' };

describe('a file that may be a PKCS#11 module', () => {
  it.each<[string, Buffer, Computer]>([
    ['ELF', elf(), linux],
    ['ELF for ARM', elf({ machine: 183 }), { platform: 'linux', arch: 'arm64' }],
    ['ELF, big-endian', elf({ machine: 22, bigEndian: true }), { platform: 'linux', arch: 's390x' }],
    ['ELF for a processor without a number here', elf({ machine: 999 }), { platform: 'linux', arch: 'mips' }],
    ['ELF elsewhere than on Linux', elf(), { platform: 'freebsd', arch: 'x64' }],
    ['Mach-O library', machO(), mac],
    ['Mach-O bundle', machO({ fileType: 8 }), mac],
    ['universal Mach-O', universal(0x01000007, 0x0100000c), mac],
    ['PE', pe(), windows],
  ])('is taken: %s', (_, bytes, computer) => {
    expect(libraryProblem(bytes, computer)).toBeNull();
  });

  it.each<[string, Buffer, Computer, RegExp]>([
    ['text', Buffer.from('INPUT(libreal.so)'), linux, /no shared library of this system \(ELF\)/],
    ['nothing', Buffer.alloc(0), linux, /no shared library/],
    ['the start of ELF', Buffer.from('\x7fELF'), linux, /no shared library/],
    ['another system’s', machO(), linux, /no shared library/],
    ['ELF on a Mac', elf(), mac, /no shared library of this system \(Mach-O\)/],
    ['a program', elf({ type: 2 }), linux, /program or an object file/],
    ['an object file', elf({ type: 1 }), linux, /program or an object file/],
    ['another processor’s', elf({ machine: 183 }), linux, /another processor than this one \(x64\)/],
    ['of the other byte order', elf({ bigEndian: true, machine: 22 }), linux, /another processor/],
    ['a library that exports other things', elf().subarray(0, 64), linux, /exports no C_GetFunctionList/],
    ['a Mach-O program', machO({ fileType: 2 }), mac, /program or an object file/],
    ['an Intel Mac’s', machO({ cpu: 0x01000007 }), mac, /another processor/],
    ['universal without this processor', universal(0x01000007), mac, /another processor/],
    ['universal, cut short', universal(0x0100000c).subarray(0, 10), mac, /no shared library/],
    ['a Windows program', pe({ characteristics: 0x22 }), windows, /program or an object file/],
    ['a DOS program', pe({ signature: 'NE\0\0' }), windows, /no shared library of this system \(PE\)/],
    ['PE, cut short', pe().subarray(0, 100), windows, /no shared library/],
    ['PE for ARM', pe({ machine: 0xaa64 }), windows, /another processor/],
  ])('is refused: %s', (_, bytes, computer, problem) => {
    expect(libraryProblem(bytes, computer)).toMatch(problem);
  });
});
