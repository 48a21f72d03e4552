/**
 * Runs before every test file: whatever a test starts finds an empty home of its own, never the user's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const home = mkdtempSync(join(tmpdir(), 'rolekey-home-'));
const settings =
  /^(AWS_|ROLEKEY_|XDG_|SOFTHSM2_|TPM2_|PKCS11|PCSCLITE_|DBUS_SESSION_BUS_ADDRESS$|HTTPS?_PROXY$)/i;
for (const name of Object.keys(process.env)) {
  if (settings.test(name)) Reflect.deleteProperty(process.env, name);
}
process.env.HOME = home;
process.env.TZ = 'UTC';

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});
