/**
 * Who may import whom. Each rule has a seeded violation in test/unit/boundaries that proves it bites.
 * Paths are matched against the repository root; `electron` resolves into node_modules, hence the long form.
 */
/** @param {string} name */
const inPackage = (name) => `(^|/)node_modules/${name}/`;
/** Node's doors to disk, network and processes, and the HTTP library. */
const effects = '^(node:)?(fs|fs/promises|net|dgram|child_process|worker_threads|http|https|http2|tls|dns)$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'shared-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^(src/(?!shared/)|test/|build/)' },
    },
    {
      name: 'shared-only-zod',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { pathNot: [inPackage('zod'), '^src/shared/', '^(test|build)/', '^src/'] },
    },
    {
      name: 'faces-import-only-shared',
      comment: 'Renderer, preloads and agent client know the engine by shared/api alone.',
      severity: 'error',
      from: { path: '^src/(renderer|preload|agent-client)/' },
      to: { path: '^(src/|test/|build/)', pathNot: ['^src/shared/', '^src/$1/'] },
    },
    {
      name: 'cli-is-a-client',
      severity: 'error',
      from: { path: '^src/cli/', pathNot: '^src/cli/commands/agent\\.ts$' },
      to: { path: '^(src/|test/|build/)', pathNot: '^src/(shared|agent-client|cli)/' },
    },
    {
      name: 'agent-command-starts-the-engine',
      severity: 'error',
      from: { path: '^src/cli/commands/agent\\.ts$' },
      to: {
        path: '^(src/|test/|build/)',
        pathNot: ['^src/(shared|agent-client|cli)/', '^src/main/engine\\.ts$'],
      },
    },
    {
      name: 'main-knows-no-face',
      severity: 'error',
      from: { path: '^src/main/' },
      to: { path: '^(src/(renderer|preload|agent-client|cli)/|test/|build/)' },
    },
    {
      name: 'electron-at-the-rim',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main/electron/|main/index\\.ts$|preload/)' },
      to: { path: inPackage('electron') },
    },
    {
      name: 'pkcs11js-in-the-token-host',
      severity: 'error',
      from: { path: '^(src|test)/', pathNot: '^(src/main/tokens/host/|test/support/|test/bench/)' },
      to: { path: inPackage('pkcs11js') },
    },
    {
      name: 'effects-in-adapters',
      comment: 'Disk, network and processes are reached through ports.',
      severity: 'error',
      from: { path: '^src/main/', pathNot: '^src/main/(node|electron)/' },
      to: { path: [effects, inPackage('undici')] },
    },
    {
      name: 'undici-in-node-adapter',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/node/' },
      to: { path: inPackage('undici') },
    },
    {
      name: 'pure-rooms',
      comment: 'No clock, no disk, no network; node:crypto computes and is let in.',
      severity: 'error',
      from: {
        path: '^src/main/(roles-anywhere/|sessions/planner\\.ts$|notifications/|outlets/(ini-document|section-file|managed-sections|owner-marks|dialects|unified-diff)\\.ts$|setup-kit/)',
      },
      to: {
        path: [
          '^src/main/(ports\\.ts$|engine\\.ts$|node/|electron/|agent/|tokens/|accounts/)',
          '^(node:)?(?!(crypto|buffer|util)$)[a-z_/]+$',
        ],
      },
    },
    {
      name: 'judges-are-strangers',
      comment: 'Test support and oracles import nothing from src: a judge may not share our bugs.',
      severity: 'error',
      from: { path: '^test/(support/|.*\\boracle[^/]*\\.ts$)' },
      to: { path: '^src/' },
    },
    {
      name: 'product-knows-no-test',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'product-imports-are-declared',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/|^test/unit/boundaries/seeds/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};
