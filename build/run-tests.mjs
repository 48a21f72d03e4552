/**
 * Every check and every test: `node build/run-tests.mjs [--checks-only | --e2e-only]`.
 * Ends with the line `N passed, N failed[, N skipped]`; each check that is no test counts as one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describeElectron, findElectron } from '../test/support/electron/find-electron.mjs';
import { handOn } from '../test/support/electron/hand-on.mjs';
import { findAllowedSkip, parseAllowedSkips } from './allowed-skips.mjs';
import { planTests } from './test-plan.mjs';

/** @type {[name: string, command: string[]][]} */
const checks = [
  ['format', ['prettier', '--check', '--log-level', 'warn', '.']],
  ['lint', ['eslint', '--max-warnings', '0', '.']],
  ['boundaries', ['depcruise', '--config', '.dependency-cruiser.mjs', 'src', 'test', 'build']],
  ['types', ['tsc', '-p', '.']],
  ['electron types', ['node', 'build/check-electron-types.mjs']],
  ['types of the windows', ['tsc', '-p', 'src/renderer']],
  ['types of the end-to-end tests', ['tsc', '-p', 'test/e2e']],
];
const inCi = process.env.CI === 'true';
const checksOnly = process.argv.includes('--checks-only');
const onlyEndToEnd = process.argv.includes('--e2e-only');

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const [name, command] of onlyEndToEnd ? [] : checks) {
  const started = performance.now();
  const ok = run(command) === 0;
  totals[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? '✓' : '✗'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}
if (!checksOnly) await tests();
const skipped = totals.skipped === 0 ? '' : `, ${String(totals.skipped)} skipped`;
console.log(`${String(totals.passed)} passed, ${String(totals.failed)} failed${skipped}`);
process.exitCode = totals.failed === 0 ? 0 : 1;

/**
 * What vitest's JSON reporter writes, as far as it is looked at.
 * @typedef {{ testResults: { name: string, assertionResults: { fullName: string, status: string }[] }[] }} Report
 */

/**
 * @param {string} path
 * @returns {Report}
 */
function readReport(path) {
  /** @type {unknown} */
  const report = JSON.parse(readFileSync(path, 'utf8'));
  return /** @type {Report} */ (report);
}

/** Which tests there are to run; an Electron that was found is handed on to them. */
async function plan() {
  const electron = await findElectron();
  const found = 'executable' in electron;
  if (found) handOn(electron);
  return planTests({
    onlyEndToEnd,
    electron: found ? { description: describeElectron(electron) } : electron,
  });
}

async function tests() {
  const { announcements, vitest, includes, ...counts } = await plan();
  for (const line of announcements) console.log(line);
  totals.skipped += counts.skipped;
  totals.failed += counts.failed;
  if (vitest === null) return;
  const folder = mkdtempSync(join(tmpdir(), 'rolekey-tests-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile=${report}`];
  const status = run(['vitest', 'run', ...vitest, ...reporters]);
  /** @type {Report} */
  let results;
  try {
    results = readReport(report);
  } catch {
    console.log('✗ the tests did not report');
    totals.failed += 1;
    return;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const allowed = parseAllowedSkips(readFileSync('test/allowed-skips.txt', 'utf8')).filter(({ file }) =>
    includes(file),
  );
  /** @type {Set<(typeof allowed)[number]>} */
  const met = new Set();
  const failedBefore = totals.failed;
  for (const file of results.testResults) {
    // A file that could not be loaded has no tests to count, and must not pass for that.
    if (file.assertionResults.length === 0) totals.failed += 1;
    for (const { fullName, status: outcome } of file.assertionResults) {
      const entry = findAllowedSkip(allowed, relative('.', file.name), fullName);
      if (entry !== undefined) met.add(entry);
      if (outcome === 'passed') totals.passed += 1;
      else if (outcome === 'failed') totals.failed += 1;
      else if (entry !== undefined && !inCi) skip(fullName, entry.reason);
      else fail(`skipped, and may not be${inCi ? ' with CI=true' : ''}: ${fullName}`);
    }
  }
  const collected = new Set(results.testResults.map(({ name }) => relative('.', name)));
  for (const name of readdirSync('test', { recursive: true, encoding: 'utf8' })) {
    const path = join('test', name);
    const isTest = /\.(test|spec)\.[a-z]+$/.test(path) && includes(path);
    if (isTest && !collected.has(path)) fail(`not run by anything: ${path}`);
  }
  for (const entry of allowed.filter((each) => !met.has(each))) {
    fail(`test/allowed-skips.txt names a test that is not there: ${entry.file} ${entry.name}`);
  }
  // For example an unhandled rejection between two tests.
  if (status !== 0 && totals.failed === failedBefore) totals.failed += 1;
}

/**
 * @param {string} test
 * @param {string} reason
 */
function skip(test, reason) {
  console.log(`- skipped, since ${reason}: ${test}`);
  totals.skipped += 1;
}

/** @param {string} what */
function fail(what) {
  console.log(`✗ ${what}`);
  totals.failed += 1;
}

/** @param {string[]} command */
function run(command) {
  const [name = '', ...args] = command;
  const program = name === 'node' ? process.execPath : join('node_modules', '.bin', name);
  return spawnSync(program, args, { stdio: 'inherit' }).status;
}
