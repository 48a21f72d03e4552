/** `npm run test:vectors -- [DIR]`: runs a folder of vectors; without DIR those kept here. */
import { resolve } from 'node:path';
import { runVectors } from './run-vectors.ts';

const [folder, ...excess] = process.argv.slice(2);
if (excess.length > 0) {
  console.error('usage: npm run test:vectors -- [DIR]');
  process.exitCode = 2;
} else {
  // npm runs scripts in the repository's root and tells where it was called itself.
  const path = folder === undefined ? resolve('test/vectors') : resolve(process.env.INIT_CWD ?? '.', folder);
  const outcomes = runVectors(path);
  for (const { name, failures, uncompared } of outcomes) {
    if (failures.length > 0) console.log(`FAILED ${name}: ${failures.join('; ')}`);
    if (uncompared.length > 0) console.log(`note: ${name}: not compared: ${uncompared.join(', ')}`);
  }
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length;
  console.log(`${String(outcomes.length - failed)} passed, ${String(failed)} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
