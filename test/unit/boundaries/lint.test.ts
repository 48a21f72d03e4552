/** Every restriction of eslint.config.mjs that is ours bites: a tree with one violation of each, judged by the real configuration. */
import { ESLint, type Linter } from 'eslint';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import configuration from '../../../eslint.config.mjs';
import { plant, type Tree } from './seeds.ts';

type Seed = readonly [what: string, file: string, text: string, rule: string];

const outside = 'test/unit';
const seeds: readonly Seed[] = [
  ['Date.now', 'src/main/date-now.ts', 'export const t = Date.now();', 'no-restricted-syntax'],
  ['new Date()', 'src/main/new-date.ts', 'export const t = new Date();', 'no-restricted-syntax'],
  ['Date()', 'src/main/date.ts', 'export const t = Date();', 'no-restricted-syntax'],
  ['Date.now by another name', 'src/main/now.ts', 'export const { now } = Date;', 'no-restricted-syntax'],
  ['Date.now as a value', 'src/main/now-value.ts', 'export const now = Date.now;', 'no-restricted-syntax'],
  ...['setTimeout(() => undefined, 1);', 'setInterval(() => undefined, 1);'].map((text, index): Seed => [
    'a timer',
    `src/main/timer-${String(index)}.ts`,
    text,
    'no-restricted-globals',
  ]),
  [
    'the monotonic clock',
    'src/main/sessions/performance.ts',
    'export const t = performance.now();',
    'no-restricted-globals',
  ],
  [
    'the network by fetch',
    'src/main/roles-anywhere/fetch.ts',
    "export const f = async (): Promise<unknown> => fetch('https://example.com');",
    'no-restricted-globals',
  ],
  [
    'a global by globalThis',
    'src/main/global-this.ts',
    'export const f = (): unknown => globalThis.crypto;',
    'no-restricted-globals',
  ],
  ...['process.env', 'process.hrtime.bigint()', "process.getBuiltinModule('node:fs')"].map(
    (text, index): Seed => [
      text,
      `src/main/accounts/process-${String(index)}.ts`,
      `export const f = (): unknown => ${text};`,
      'no-restricted-properties',
    ],
  ),
  [
    'matching error.message with a method',
    'src/main/message-includes.ts',
    "export const f = (error: Error): boolean => error.message.includes('x');",
    'no-restricted-syntax',
  ],
  [
    'matching error.message with startsWith',
    'src/main/message-starts.ts',
    "export const f = (cause: Error): boolean => cause.message.startsWith('x');",
    'no-restricted-syntax',
  ],
  [
    'matching error.message with a pattern',
    'src/main/message-test.ts',
    'export const f = (error: Error): boolean => /^x.+y$/.test(error.message);',
    'no-restricted-syntax',
  ],
  [
    'comparing error.message',
    'src/main/message-equals.ts',
    "export const f = (error: Error): boolean => error.message !== 'x';",
    'no-restricted-syntax',
  ],
  [
    'matching error.message outside the engine',
    'src/agent-client/message-match.ts',
    'export const f = (error: Error): boolean => error.message.search(/^x/) === 0;',
    'no-restricted-syntax',
  ],
  ['process.exit', 'src/shared/exit.ts', 'process.exit(1);', 'no-restricted-properties'],
  ['process.exit in main', 'src/main/exit.ts', 'process.exit(1);', 'no-restricted-properties'],
  ['process.exit in a command', 'src/cli/commands/exit.ts', 'process.exit(1);', 'no-restricted-properties'],
  ['process.abort', 'src/main/abort.ts', 'process.abort();', 'no-restricted-properties'],
  ['console', 'src/main/console.ts', "console.log('x');", 'no-console'],
  ['any', 'src/main/any.ts', 'export type T = any;', '@typescript-eslint/no-explicit-any'],
  [
    'a floating promise',
    'src/main/floating.ts',
    'const f = async (): Promise<void> => undefined;\nf();\nexport { f };',
    '@typescript-eslint/no-floating-promises',
  ],
  [
    'an async listener nobody waits for',
    'src/main/misused.ts',
    'export const f = (on: (listener: () => void) => void): void => on(async () => undefined);',
    '@typescript-eslint/no-misused-promises',
  ],
  [
    'a type imported as a value',
    'src/main/type-import.ts',
    "import { Good } from './good.ts';\nexport type G = Good;",
    '@typescript-eslint/consistent-type-imports',
  ],
  [
    'a case left out',
    'src/main/switch.ts',
    "export const f = (x: 'a' | 'b'): number => {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n};",
    '@typescript-eslint/switch-exhaustiveness-check',
  ],
  ['==', 'src/main/loose.ts', 'export const f = (x: unknown): boolean => x == null;', 'eqeqeq'],
  ['a default export', 'src/main/default.ts', 'export default 1;', 'no-restricted-exports'],
  [
    'a default export by name',
    'src/main/default-named.ts',
    'const x = 1;\nexport { x as default };',
    'no-restricted-exports',
  ],
  ['a file that is not kebab-case', 'src/main/BadName.ts', 'export const x = 1;', 'rolekey/kebab-case-file'],
  ['an underscore', 'test/unit/bad_name.test.ts', 'export const x = 1;', 'rolekey/kebab-case-file'],
  [
    'an index that only re-exports',
    'src/main/sessions/index.ts',
    "export * from '../good.ts';",
    'rolekey/no-barrel',
  ],
  [
    'an assertion that nothing is null',
    'src/main/non-null.ts',
    'export const f = (x: string | null): string => x!;',
    '@typescript-eslint/no-non-null-assertion',
  ],
  [
    'a disabled rule that is not broken',
    'src/main/unused-disable.ts',
    '// eslint-disable-next-line no-console\nexport const x = 1;',
    'unused-disable',
  ],
  [
    'it.only',
    `${outside}/only.test.ts`,
    "import { it } from 'vitest';\nit.only('x', () => undefined);",
    'no-restricted-syntax',
  ],
  [
    'describe.only',
    `${outside}/describe.test.ts`,
    "import { describe } from 'vitest';\ndescribe.only('x', () => undefined);",
    'no-restricted-syntax',
  ],
  [
    'it.todo',
    `${outside}/todo.test.ts`,
    "import { it } from 'vitest';\nit.todo('x');",
    'no-restricted-syntax',
  ],
  ...[
    'it.concurrent.only("x", () => undefined);',
    'it("x", { only: true }, () => undefined);',
    'it("x", { todo: true }, () => undefined);',
    'it("x", { skip: true }, () => undefined);',
    'it.fails("x", () => undefined);',
    'it("x", { retry: 2 }, () => undefined);',
  ].map((text, index): Seed => [
    text,
    `${outside}/left-out-${String(index)}.test.ts`,
    `import { it } from 'vitest';\n${text}`,
    'no-restricted-syntax',
  ]),
  [
    'a hook that is not always called',
    'src/renderer/hook.ts',
    "import { useState } from 'react';\nexport function useMaybe(on: boolean): unknown {\n  return on ? useState(0) : null;\n}",
    'react-hooks/rules-of-hooks',
  ],
  [
    'a promise a test does not wait for',
    `${outside}/floating.test.ts`,
    "import { expect, it } from 'vitest';\nit('x', () => {\n  expect(Promise.resolve(1)).resolves.toBe(1);\n});",
    '@typescript-eslint/no-floating-promises',
  ],
];

/** What is right where it stands. */
const allowed: readonly (readonly [what: string, file: string, text: string])[] = [
  ['the clock in its adapter', 'src/main/node/clock.ts', 'export const now = (): number => Date.now();'],
  ['timers in the token host', 'src/main/tokens/host/timer.ts', 'setTimeout(() => undefined, 1);'],
  ['the environment in the entry', 'src/main/index.ts', 'export const f = (): unknown => process.env;'],
  [
    'an index with something of its own',
    'src/cli/commands/index.ts',
    "export * from '../wait.ts';\nexport const x = 1;",
  ],
  [
    'texts in the adapter that owns them',
    'src/main/node/text.ts',
    "export const f = (e: Error): boolean => e.message.includes('x');",
  ],
  [
    'a date that is computed',
    'src/main/computed-date.ts',
    'export const f = (ms: number): Date => new Date(ms);',
  ],
  ['exit in the program itself', 'src/cli/index.ts', 'process.exit(0);'],
  ['the clock outside the engine', 'src/cli/wait.ts', 'export const now = (): number => Date.now();'],
  ['non-null in a test', `${outside}/non-null.test.ts`, 'export const f = (x: string | null): string => x!;'],
  ['console in a program', 'build/program.mjs', "console.log('x');"],
  ['what the seeds need', 'src/main/good.ts', 'export interface Good {\n  readonly x: 1;\n}'],
];

const tsconfig = JSON.stringify({
  compilerOptions: {
    ...{ target: 'ES2022', lib: ['ES2023'], types: ['node'], module: 'ESNext', moduleResolution: 'bundler' },
    ...{ moduleDetection: 'force', allowImportingTsExtensions: true, noEmit: true, strict: true },
    ...{ skipLibCheck: true, allowJs: true, checkJs: true, noUncheckedIndexedAccess: true },
  },
  include: ['src', 'test', 'build'],
});

let tree: Tree;
const broken = new Map<string, string[]>();

beforeAll(async () => {
  tree = plant({
    'tsconfig.json': tsconfig,
    'node_modules/': resolve('node_modules'),
    ...Object.fromEntries(seeds.map(([, file, text]) => [file, `${text}\n`])),
    ...Object.fromEntries(allowed.map(([, file, text]) => [file, `${text}\n`])),
  });
  const eslint = new ESLint({
    cwd: tree.root,
    overrideConfigFile: true,
    baseConfig: configuration as Linter.Config[],
    // The one thing that names a folder: where the types are looked up.
    overrideConfig: { languageOptions: { parserOptions: { tsconfigRootDir: tree.root } } },
  });
  for (const { filePath, messages } of await eslint.lintFiles(['src', 'test', 'build'])) {
    const rules = messages.map(
      ({ ruleId, message }) =>
        ruleId ?? (message.startsWith('Unused eslint-disable') ? 'unused-disable' : message),
    );
    broken.set(filePath.slice(tree.root.length + 1), rules);
  }
}, 120_000);
afterAll(() => {
  tree.remove();
});

describe('lint refuses', () => {
  it.each(seeds)('%s: %s', (_, file, _text, rule) => {
    expect(broken.get(file)).toEqual([rule]);
  });
});

describe('lint lets pass', () => {
  it.each(allowed)('%s: %s', (_, file) => {
    expect(broken.get(file)).toEqual([]);
  });
});
