/**
 * Bundles the product into dist/: `node build/build.mjs`.
 * CommonJS for whatever runs under Node or Electron's main side, so that one build serves every runtime (no top-level
 * await, no import.meta in what these reach). Native packages stay outside the bundles.
 */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';
import packageJson from '../package.json' with { type: 'json' };

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'es2022',
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  external: ['electron', 'pkcs11js'],
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
const commands = readdirSync('src/cli/commands')
  .filter((file) => file !== 'credential-process.ts')
  .map((file) => `commands/${basename(file, '.ts')}`);

rmSync('dist', { recursive: true, force: true });
cpSync('build/icons/png', 'dist/icons', { recursive: true });
await Promise.all([
  build({ ...common, entryPoints: { 'cli/rolekey': 'src/cli/index.ts' }, plugins: [commandsApart] }),
  build({
    ...common,
    entryPoints: {
      ...Object.fromEntries(['help', ...commands].map((file) => [`cli/${file}`, `src/cli/${file}.ts`])),
      'main/index': 'src/main/index.ts',
      'main/token-host': 'src/main/tokens/host/index.ts',
    },
  }),
]);
