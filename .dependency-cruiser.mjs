/**
 * Who may import whom. Each rule has a seeded violation in test/unit/boundaries that proves it bites.
 * Paths are matched against the repository root; `electron` resolves into node_modules, hence the long form.
 */
/** @param {string} name */
const inPackage = (name) => `(^|/)node_modules/${name}/`;
/** Node's doors to disk, network and processes, and the HTTP library. */
const effects =
  '^(node:)?(fs|net|dgram|child_process|cluster|inspector|worker_threads|http|https|http2|tls|dns|(fs|dns|inspector)/promises)$';
/** What every pure room may import beside itself: shared, and what computes. */
const pure = ['^src/shared/', '^(node:)?(crypto|buffer|util)$', inPackage('zod')];
/** The pure files of outlets; the others of that room write files or open a port. */
const pureOutlets =
  '^src/main/outlets/(ini-document|section-file|managed-sections|owner-marks|dialects|preview|unified-diff|container-endpoint)\\.ts$';

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
      from: { path: '^src/cli/', pathNot: '^src/cli/commands/(agent|explain)\\.ts$' },
      to: { path: '^(src/|test/|build/)', pathNot: '^src/(shared|agent-client|cli)/' },
    },
    {
      name: 'agent-command-starts-the-engine',
      severity: 'error',
      from: { path: '^src/cli/commands/agent\\.ts$' },
      to: {
        path: '^(src/|test/|build/)',
        pathNot: ['^src/(shared|agent-client|cli)/', '^src/main/start-agent\\.ts$'],
      },
    },
    {
      name: 'explain-command-reads-one-table',
      comment: 'A pure table, so that an error is explained where no agent runs: docs/decisions/0009.',
      severity: 'error',
      from: { path: '^src/cli/commands/explain\\.ts$' },
      to: {
        path: '^(src/|test/|build/)',
        pathNot: ['^src/(shared|agent-client|cli)/', '^src/main/explain/pasted\\.ts$'],
      },
    },
    {
      name: 'main-knows-no-face',
      severity: 'error',
      from: { path: '^src/main/' },
      to: { path: '^(src/(renderer|preload|cli)/|test/|build/)' },
    },
    {
      name: 'engine-is-no-client',
      comment: 'Only the app speaks to another agent: to take its place.',
      severity: 'error',
      from: { path: '^src/main/', pathNot: '^src/main/(electron/|index\\.ts$)' },
      to: { path: '^src/agent-client/' },
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
      name: 'keytar-in-the-keyring-process',
      comment: 'What it loads stays with a process for good: docs/decisions/0012.',
      severity: 'error',
      from: { path: '^(src|test)/', pathNot: '^src/main/node/keyring-process\\.ts$' },
      to: { path: inPackage('keytar') },
    },
    {
      name: 'effects-in-adapters',
      comment:
        'Disk, network and processes are reached through ports. A token host writes one file of its own in /proc.',
      severity: 'error',
      from: { path: '^src/main/', pathNot: '^src/main/(node/|electron/|tokens/host/no-core-dumps\\.ts$)' },
      to: { path: [effects, inPackage('undici')] },
    },
    {
      name: 'undici-in-node-adapter',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/node/' },
      to: { path: inPackage('undici') },
    },
    {
      name: 'adapters-come-through-ports',
      comment: 'Only the composition roots know which adapter is behind a port.',
      severity: 'error',
      from: { path: '^src/main/', pathNot: '^src/main/(node/|electron/|(engine|start-agent|index)\\.ts$)' },
      to: { path: '^src/main/(node|electron)/' },
    },
    {
      name: 'conf-in-its-adapter',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/(node/conf\\.ts$|electron/)' },
      to: { path: inPackage('(conf|electron-store)') },
    },
    {
      name: 'host-by-its-protocol',
      comment: 'The token host is a process of its own: what it says is all that may be known of it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/tokens/host/' },
      to: { path: '^src/main/tokens/host/(?!protocol\\.ts$)' },
    },
    {
      name: 'window-has-no-node',
      severity: 'error',
      from: { path: '^src/(renderer|preload)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-rooms',
      comment: 'No clock, no disk, no network: a room imports itself, shared, and what computes.',
      severity: 'error',
      from: { path: '^src/main/(roles-anywhere|notifications|setup-kit)/' },
      to: {
        pathNot: [...pure, '^src/main/$1/', inPackage('@peculiar/x509'), inPackage('reflect-metadata')],
      },
    },
    {
      name: 'pure-explain',
      comment: 'Tables that the command line reads without an agent: docs/decisions/0009.',
      severity: 'error',
      from: { path: '^src/main/explain/' },
      to: { pathNot: [...pure, '^src/main/explain/', '^src/main/roles-anywhere/explain\\.ts$'] },
    },
    {
      name: 'pure-planner',
      severity: 'error',
      from: { path: '^src/main/sessions/planner\\.ts$' },
      to: { pathNot: pure },
    },
    {
      name: 'pure-outlets',
      severity: 'error',
      from: { path: pureOutlets },
      to: { pathNot: [...pure, pureOutlets, inPackage('diff')] },
    },
    {
      name: 'judges-are-strangers',
      comment:
        'Test support, oracles and the contract’s shapes reach nothing of src: a judge may not share our bugs.',
      severity: 'error',
      from: { path: '^test/(support/|.*\\boracle[^/]*\\.ts$|integration/contract/shapes\\.ts$)' },
      to: { path: '^src/', reachable: true },
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
