/** OpenSC's pkcs11-spy: stands between a program and a module and writes down every call. */
import { existsSync } from 'node:fs';

/** @throws Error where it is not installed. */
export function spyModule(): string {
  const places = ['/usr/lib', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
  const path = places.map((place) => `${place}/pkcs11/pkcs11-spy.so`).find(existsSync);
  if (path === undefined) throw new Error('pkcs11-spy is not installed: apt-get install opensc-pkcs11');
  return path;
}

/** How often a PIN was tried. @param log what the spy wrote. */
export function spiedLogins(log: string): number {
  return log.match(/: C_Login\n/g)?.length ?? 0;
}
