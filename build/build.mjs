/**
 * Bundles the product into dist/: `node build/build.mjs`.
 * CommonJS for whatever runs under Node or Electron's main side, so that one build serves every runtime (no top-level
 * await, no import.meta in what these reach). Native packages stay outside the bundles.
 */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';
import packageJson from '../package.json' with { type: 'json' };
import { buildRenderer } from './renderer.mjs';

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'es2022',
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  external: ['electron', 'keytar', 'pkcs11js'],
  define: { ROLEKEY_VERSION: JSON.stringify(packageJson.version) },
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * AWS tools start `credential-process` for every call, and reading what does not run costs time as well: all other
 * commands, and the help, are bundles of their own beside the one that is always read.
 * @type {import('esbuild').Plugin}
 */
const commandsApart = {
  name: 'commands-apart',
  setup: (bundle) => {
    bundle.onResolve({ filter: /^\.\/(commands\/[a-z-]+|help)\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' && !path.endsWith('/credential-process.ts')
        ? { path: path.replace(/\.ts$/, '.cjs'), external: true }
        : undefined,
    );
  },
};

/**
 * Few have their key in a PKCS#12 file: what reads those is a bundle of its own, loaded with the first one.
 * @param {string} path from the bundle that loads it
 * @returns {import('esbuild').Plugin}
 */
const pkcs12Apart = (path) => ({
  name: 'pkcs12-apart',
  setup: (bundle) => {
    bundle.onResolve({ filter: /^\.\/pkcs12\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
});
/** What is loaded later is required, too: an old Electron's main side knows no import() of files. */
const required = { supported: { 'dynamic-import': false } };
const commands = readdirSync('src/cli/commands')
  .filter((file) => file !== 'credential-process.ts')
  .map((file) => `commands/${basename(file, '.ts')}`);

/**
 * A preload knows the calls and events of its door by name. They are read from shared/api here, so that the sandboxed
 * preload need not carry a schema library.
 * @param {string} door as shared/api names it
 * @param {string} name the preload's
 */
async function preload(door, name) {
  const api = { entryPoints: ['src/shared/api.ts'], bundle: true, write: false };
  const { outputFiles } = await build({ ...api, platform: 'node', format: 'esm', logLevel: 'warning' });
  const source = Buffer.from(outputFiles?.[0]?.contents ?? []).toString('base64');
  /** @type {unknown} */
  const module = await import(`data:text/javascript;base64,${source}`);
  const { callsAt, eventsAt } = /** @type {typeof import('../src/shared/api.ts')} */ (module);
  const of = /** @type {import('../src/shared/api.ts').Door} */ (door);
  await build({
    ...common,
    platform: 'browser',
    format: 'iife', // a sandboxed preload of an old Electron has no `module`
    outExtension: {},
    entryPoints: { [`preload/${name}`]: `src/preload/${name}.ts` },
    define: { ROLEKEY_DOOR: JSON.stringify({ calls: callsAt(of), events: eventsAt(of) }) },
  });
}

rmSync('dist', { recursive: true, force: true });
cpSync('build/icons/png', 'dist/icons', { recursive: true });
await Promise.all([
  preload('window', 'main-window'),
  preload('pin-window', 'pin-window'),
  build({ ...common, entryPoints: { 'cli/rolekey': 'src/cli/index.ts' }, plugins: [commandsApart] }),
  build({
    ...common,
    entryPoints: Object.fromEntries(
      ['help', ...commands].map((file) => [`cli/${file}`, `src/cli/${file}.ts`]),
    ),
    ...required,
    plugins: [pkcs12Apart('../../main/pkcs12.cjs')],
  }),
  build({
    ...common,
    entryPoints: { 'main/index': 'src/main/index.ts' },
    ...required,
    plugins: [pkcs12Apart('./pkcs12.cjs')],
  }),
  build({
    ...common,
    entryPoints: {
      'main/pkcs12': 'src/main/tokens/pkcs12.ts',
      'main/token-host': 'src/main/tokens/host/index.ts',
      'main/keyring': 'src/main/node/keyring-process.ts',
    },
  }),
  buildRenderer(),
]);
