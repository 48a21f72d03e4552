/** Every rule of .dependency-cruiser.mjs bites: a tree with one violation of each, judged by the real configuration. */
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import configuration from '../../../.dependency-cruiser.mjs';
import { plant, type Tree } from './seeds.ts';

/** What breaks which rule: the importing file, and what it says. */
const seeds: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['no-circles', 'src/main/circle-a.ts', "export { b } from './circle-b.ts';"],
  ['shared-imports-nothing-of-ours', 'src/shared/from-main.ts', "import '../main/leaf.ts';"],
  ['shared-imports-nothing-of-ours', 'src/shared/from-test.ts', "import '../../test/support/leaf.ts';"],
  ['shared-only-zod', 'src/shared/from-node.ts', "import 'node:path';"],
  ['shared-only-zod', 'src/shared/from-package.ts', "import 'undici';"],
  ['faces-import-only-shared', 'src/renderer/from-main.ts', "import '../main/leaf.ts';"],
  ['faces-import-only-shared', 'src/preload/from-renderer.ts', "import '../renderer/leaf.ts';"],
  ['faces-import-only-shared', 'src/agent-client/from-main.ts', "import '../main/leaf.ts';"],
  ['cli-is-a-client', 'src/cli/from-main.ts', "import '../main/engine.ts';"],
  [
    'cli-is-a-client',
    'src/cli/commands/lazy.ts',
    "export const load = () => import('../../main/engine.ts');",
  ],
  [
    'cli-is-a-client',
    'src/cli/commands/type.ts',
    "import type { Engine } from '../../main/engine.ts'; export type E = Engine;",
  ],
  ['agent-command-starts-the-engine', 'src/cli/commands/agent.ts', "import '../../main/leaf.ts';"],
  [
    'explain-command-reads-one-table',
    'src/cli/commands/explain.ts',
    "import '../../main/explain/pasted.ts'; import '../../main/roles-anywhere/leaf.ts';",
  ],
  ['cli-is-a-client', 'src/cli/commands/doctor.ts', "import '../../main/explain/pasted.ts';"],
  ['pure-explain', 'src/main/explain/from-fs.ts', "import 'node:fs';"],
  ['pure-explain', 'src/main/explain/from-arn.ts', "import '../roles-anywhere/leaf.ts';"],
  ['main-knows-no-face', 'src/main/from-cli.ts', "import '../cli/leaf.ts';"],
  ['engine-is-no-client', 'src/main/from-client.ts', "import '../agent-client/leaf.ts';"],
  ['electron-at-the-rim', 'src/main/from-electron.ts', "import 'electron';"],
  [
    'electron-at-the-rim',
    'src/renderer/from-electron.ts',
    "import type { App } from 'electron'; export type A = App;",
  ],
  ['pkcs11js-in-the-token-host', 'src/main/tokens/from-pkcs11js.ts', "import 'pkcs11js';"],
  ['pkcs11js-in-the-token-host', 'test/integration/from-pkcs11js.ts', "import 'pkcs11js';"],
  ['keytar-in-the-keyring-process', 'src/main/node/from-keytar.ts', "import 'keytar';"],
  ['keytar-in-the-keyring-process', 'test/integration/from-keytar.ts', "import 'keytar';"],
  ['effects-in-adapters', 'src/main/sessions/from-fs.ts', "import 'node:fs';"],
  ['effects-in-adapters', 'src/main/sessions/from-fs-promises.ts', "import 'fs/promises';"],
  ['effects-in-adapters', 'src/main/sessions/from-net.ts', "import 'node:net';"],
  ['effects-in-adapters', 'src/main/sessions/from-child-process.ts', "import 'node:child_process';"],
  ['effects-in-adapters', 'src/main/sessions/from-https.ts', "import 'node:https';"],
  ['effects-in-adapters', 'src/main/sessions/from-undici.ts', "import 'undici';"],
  ['undici-in-node-adapter', 'src/cli/from-undici.ts', "import 'undici';"],
  ['undici-in-node-adapter', 'src/main/electron/from-undici.ts', "import 'undici';"],
  ['effects-in-adapters', 'src/main/sessions/from-dns.ts', "import 'node:dns/promises';"],
  ['effects-in-adapters', 'src/main/sessions/from-inspector.ts', "import 'node:inspector';"],
  ['adapters-come-through-ports', 'src/main/sessions/from-adapter.ts', "import '../node/leaf.ts';"],
  ['adapters-come-through-ports', 'src/main/outlets/from-electron.ts', "import '../electron/good.ts';"],
  ['conf-in-its-adapter', 'src/main/accounts/from-conf.ts', "import 'conf';"],
  ['conf-in-its-adapter', 'src/main/node/from-conf.ts', "import 'conf';"],
  ['host-by-its-protocol', 'src/main/tokens/from-host.ts', "import './host/leaf.ts';"],
  ['window-has-no-node', 'src/renderer/from-node.ts', "import 'node:path';"],
  ['window-has-no-node', 'src/preload/from-node.ts', "import 'node:child_process';"],
  ['pure-rooms', 'src/main/roles-anywhere/from-ports.ts', "import '../ports.ts';"],
  ['pure-rooms', 'src/main/roles-anywhere/from-os.ts', "import 'node:os';"],
  ['pure-rooms', 'src/main/roles-anywhere/from-accounts.ts', "import '../accounts/leaf.ts';"],
  ['pure-rooms', 'src/main/roles-anywhere/from-sessions.ts', "import '../sessions/good.ts';"],
  ['pure-rooms', 'src/main/roles-anywhere/from-hub.ts', "import '../leaf.ts';"],
  ['pure-rooms', 'src/main/roles-anywhere/from-package.ts', "import 'undici';"],
  ['pure-planner', 'src/main/sessions/planner.ts', "import './good.ts';"],
  ['pure-outlets', 'src/main/outlets/ini-document.ts', "import '../node/leaf.ts';"],
  ['pure-outlets', 'src/main/outlets/unified-diff.ts', "import './from-electron.ts';"],
  ['pure-outlets', 'src/main/outlets/container-endpoint.ts', "import '../ports.ts';"],
  ['pure-rooms', 'src/main/notifications/from-electron-room.ts', "import '../electron/good.ts';"],
  ['pure-rooms', 'src/main/setup-kit/from-fs.ts', "import 'node:fs';"],
  ['judges-are-strangers', 'test/support/from-src.ts', "import '../../src/shared/leaf.ts';"],
  [
    'judges-are-strangers',
    'test/unit/some-oracle.ts',
    "import type { Leaf } from '../../src/shared/leaf.ts'; export type L = Leaf;",
  ],
  ['judges-are-strangers', 'test/integration/contract/shapes.ts', "import '../../../src/shared/leaf.ts';"],
  ['judges-are-strangers', 'test/support/by-way-of.ts', "import '../unit/good.ts';"],
  ['product-knows-no-test', 'src/main/from-test.ts', "import '../../test/support/leaf.ts';"],
  ['product-imports-are-declared', 'src/main/node/from-nowhere.ts', "import 'undeclared';"],
  ['imports-resolve', 'src/main/missing.ts', "import './there-is-no-such-file.ts';"],
];

/** Imports that break no rule at all. */
const allowed: readonly (readonly [file: string, text: string])[] = [
  ['src/shared/good.ts', "import 'zod'; import './leaf.ts';"],
  ['src/agent-client/good.ts', "import 'node:http'; import '../shared/leaf.ts'; import './leaf.ts';"],
  ['src/cli/good.ts', "import 'node:util'; import '../shared/leaf.ts'; import '../agent-client/leaf.ts';"],
  ['src/main/node/good.ts', "import 'node:fs'; import 'undici'; import '../ports.ts';"],
  ['src/main/index.ts', "import 'electron'; import './engine.ts';"],
  ['src/main/electron/good.ts', "import 'electron'; import 'node:fs';"],
  ['src/main/tokens/host/good.ts', "import 'pkcs11js'; import './leaf.ts';"],
  ['src/main/node/keyring-process.ts', "import 'keytar';"],
  ['src/main/tokens/good.ts', "import './host/protocol.ts';"],
  ['src/main/node/conf.ts', "import 'conf';"],
  ['src/main/outlets/dialects.ts', "import './section-file.ts';"],
  ['src/main/roles-anywhere/good.ts', "import 'node:crypto'; import '../../shared/leaf.ts';"],
  ['src/main/sessions/good.ts', "import '../ports.ts'; import '../roles-anywhere/leaf.ts';"],
  ['test/support/good.ts', "import 'pkcs11js'; import 'node:fs'; import 'zod';"],
  ['test/unit/good.ts', "import '../../src/main/leaf.ts'; import '../support/leaf.ts';"],
];

const leaf = 'export interface Leaf { readonly leaf: true }\nexport const leaf = true;\n';
const leaves = [
  ...['src/shared', 'src/main', 'src/main/node', 'src/main/accounts', 'src/main/roles-anywhere'],
  ...['src/main/tokens/host', 'src/renderer', 'src/agent-client', 'src/cli', 'test/support'],
];
const stub = (name: string): Record<string, string> => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
  [`node_modules/${name}/index.js`]: 'module.exports = {};\n',
});

const declared = ['zod', 'undici', 'electron', 'pkcs11js', 'keytar', 'conf'];
const files: Record<string, string> = {
  'package.json': JSON.stringify({
    name: 'seeds',
    version: '1.0.0',
    type: 'module',
    dependencies: Object.fromEntries(declared.map((name) => [name, '1.0.0'])),
  }),
  'tsconfig.json':
    '{"compilerOptions":{"module":"esnext","moduleResolution":"bundler","allowImportingTsExtensions":true,"noEmit":true}}',
  'src/main/ports.ts': leaf,
  'src/main/tokens/host/protocol.ts': leaf,
  'src/main/outlets/section-file.ts': leaf,
  'src/main/explain/pasted.ts': leaf,
  'src/main/engine.ts': `export interface Engine { readonly run: true }\n`,
  'src/main/circle-b.ts': "import './circle-a.ts';\nexport const b = 1;\n",
  ...Object.fromEntries(leaves.map((folder) => [`${folder}/leaf.ts`, leaf])),
  ...(Object.assign({}, ...[...declared, 'undeclared'].map(stub)) as Record<string, string>),
  ...Object.fromEntries(seeds.map(([, file, text]) => [file, `${text}\n`])),
  ...Object.fromEntries(allowed.map(([file, text]) => [file, `${text}\n`])),
};

let tree: Tree;
/** Rules broken, by the file that breaks them. */
const broken = new Map<string, Set<string>>();

beforeAll(async () => {
  tree = plant(files);
  const { forbidden = [], options: { enhancedResolveOptions, ...options } = {} } = configuration;
  const { output } = await cruise(
    ['src', 'test'],
    { ...options, baseDir: tree.root, validate: true, ruleSet: { forbidden } },
    enhancedResolveOptions,
  );
  for (const { from, rule } of (output as ICruiseResult).summary.violations) {
    broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
  }
}, 60_000);
afterAll(() => {
  tree.remove();
});

describe('a rule about imports', () => {
  it.each(seeds)('%s bites: %s', (rule, file) => {
    expect([...(broken.get(file) ?? [])]).toContain(rule);
  });

  it.each((configuration.forbidden ?? []).map(({ name }) => name))('%s has its seed', (name) => {
    expect(seeds.map(([rule]) => rule)).toContain(name);
  });
});

it.each(allowed)('%s breaks none', (file) => {
  expect([...(broken.get(file) ?? [])]).toEqual([]);
});
