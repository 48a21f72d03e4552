/**
 * A process with a configuration file of its own, for tests that kill, limit or signal it: `MODE DIRECTORY`.
 * It is bundled as the product is.
 */
import { createAccountStore } from '../../../src/main/accounts/account-store.ts';
import { settingsFormat } from '../../../src/main/accounts/settings.ts';
import { createSettingsFile } from '../../../src/main/node/settings-file.ts';
import { AppError } from '../../../src/shared/errors.ts';

const [mode = '', directory = ''] = process.argv.slice(2);
const store = createAccountStore(createSettingsFile(directory, settingsFormat));

/** Writes documents that grow, and tells of each as soon as it is written. */
function writeOn(): void {
  for (let count = 0; count < 100_000; count += 1) {
    store.createdFiles.add(`/${String(count)}/${'padding'.repeat(200)}`);
    process.stdout.write(`${String(count)}\n`);
  }
}

/** One write of about 40 KB. */
function writeOnce(): void {
  try {
    store.createdFiles.add(`/${'padding'.repeat(6000)}`);
    process.stdout.write('written\n');
  } catch (error) {
    process.stdout.write(error instanceof AppError ? `${error.code}: ${error.message}\n` : 'no AppError\n');
  }
}

/** Takes a first SIGTERM to clean up for a while, and a second one to stop at once. */
function waitForSignal(): void {
  const alive = setInterval(() => undefined, 1000);
  let signals = 0;
  process.on('SIGTERM', () => {
    signals += 1;
    if (signals > 1) process.exit(1);
    setTimeout(() => {
      clearInterval(alive);
      process.stdout.write('cleaned up\n');
    }, 200);
  });
  process.stdout.write('ready\n');
}

if (mode === 'write-on') writeOn();
if (mode === 'write-once') writeOnce();
if (mode === 'wait') waitForSignal();
