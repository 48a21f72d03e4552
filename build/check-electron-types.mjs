/**
 * One build serves the installed Electron and the test Electron: `node build/check-electron-types.mjs`.
 * What the product uses of the one and the other lacks must be exactly what test/support/electron/compat lists.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import supplies from '../test/support/electron/compat/supplies.json' with { type: 'json' };
import { oldElectronTypes } from '../test/support/electron/old-types.mjs';
import { judgeTypes } from '../test/support/electron/types-difference.mjs';

const root = join(import.meta.dirname, '..');
const folders = ['src/main/electron', 'src/preload'].map((folder) => join(root, folder)).filter(existsSync);
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name)),
);
const wrong = judgeTypes(
  {
    tsconfig: join(root, 'tsconfig.json'),
    files: [join(root, 'src/main/index.ts'), ...files],
    installedTypes: join(root, 'node_modules/electron/electron.d.ts'),
    oldTypes: oldElectronTypes(),
  },
  supplies.electron,
);
for (const sentence of wrong) console.log(sentence);
process.exitCode = wrong.length === 0 ? 0 : 1;
