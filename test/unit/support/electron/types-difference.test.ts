import { afterEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { judgeTypes } from '../../../support/electron/types-difference.mjs';
import { plant, type Tree } from '../../boundaries/seeds.ts';

const declarations = (members: string): string => `
declare namespace Electron {
  interface Net { ${members} }
  const net: Net;
  interface Options { readonly title: string; ${members.includes('handle') ? 'readonly late?: boolean;' : ''} }
  function open(options: Options): void;
  ${members.includes('handle') ? 'const late: string;' : ''}
}
declare module 'electron' { export = Electron; }
`;
const both = 'request(): string;';
const newer = `${both} handle(answer: (url: string) => string): void;`;
const tsconfig = JSON.stringify({
  compilerOptions: {
    strict: true,
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2022'],
    types: [],
  },
});

let tree: Tree | undefined;
afterEach(() => tree?.remove());

function judge(source: string, listed: readonly string[]): string[] {
  tree = plant({
    'tsconfig.json': tsconfig,
    'installed.d.ts': declarations(newer),
    'old.d.ts': declarations(both),
    'main.ts': `import { late, net, open } from 'electron';\n${source}`.replace(
      source.includes('late)') ? '\0' : 'late, ',
      '',
    ),
  });
  const at = (name: string): string => join(tree!.root, name);
  return judgeTypes(
    {
      tsconfig: at('tsconfig.json'),
      files: [at('main.ts')],
      installedTypes: at('installed.d.ts'),
      oldTypes: at('old.d.ts'),
    },
    listed.map((api) => ({ api, why: 'Because.' })),
  );
}

describe('the difference between the types of two Electrons', () => {
  it.each([
    ['nothing is used that differs', 'net.request();', []],
    ['what is used is listed', 'net.handle((url) => url);', ['Net.handle']],
    ['an option is listed', "open({ title: '', late: true });", ['Options.late']],
    ['an export is listed', 'String(late);', ['electron.late']],
  ])('is right where %s', (_, source, listed) => {
    expect(judge(source, listed)).toEqual([]);
  });

  it('is wrong where something is used that is not listed', () => {
    expect(judge('net.request();\nnet.handle((url) => url);', [])).toEqual([
      expect.stringMatching(
        /^The test Electron lacks Net\.handle, and compat does not list it: main\.ts:3: /,
      ),
    ]);
  });

  it('is wrong where something is listed that nothing uses', () => {
    expect(judge('net.request();', ['Net.handle'])).toEqual([
      'compat lists Net.handle, and nothing uses it or the test Electron has it.',
    ]);
  });

  it('is not asked for where the installed Electron’s types do not fit', () => {
    expect(judge('net.never();', ['Net.never'])).toEqual([
      expect.stringContaining('With the installed Electron’s types: main.ts:2: '),
    ]);
  });
});
