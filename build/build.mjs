/**
 * Bundles the product into dist/: `node build/build.mjs`.
 * CommonJS for whatever runs under Node or Electron's main side, so that one build serves every runtime (no top-level
 * await, no import.meta in what these reach). Native packages stay outside the bundles.
 */
import { rmSync } from 'node:fs';
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
 * The engine is ten times the size of the client that AWS tools start for every call, and reading it costs time even
 * where nothing of it runs: `rolekey agent` has a bundle of its own.
 * @type {import('esbuild').Plugin}
 */
const agentApart = {
  name: 'agent-apart',
  setup: (bundle) => {
    bundle.onResolve({ filter: /\/commands\/agent\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './agent.cjs', external: true } : undefined,
    );
  },
};

rmSync('dist', { recursive: true, force: true });
await Promise.all([
  build({ ...common, entryPoints: { 'cli/rolekey': 'src/cli/index.ts' }, plugins: [agentApart] }),
  build({
    ...common,
    entryPoints: {
      'cli/agent': 'src/cli/commands/agent.ts',
      'main/index': 'src/main/index.ts',
      'main/token-host': 'src/main/tokens/host/index.ts',
    },
  }),
]);
