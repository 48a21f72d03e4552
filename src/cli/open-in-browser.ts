/** Opens an address in the user's browser without showing it to others: through a page that only the user can read. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { surroundings } from '../agent-client/surroundings.ts';
import { pathsOf } from '../shared/paths.ts';

/** How long the page stays once something opens it: a browser that was not running takes its time. Seconds. */
const pageSeconds = 20;
/** How long the opener may take to fail, milliseconds. Some end with the browser only. */
const openerMs = 3000;
const pageName = /^sign-in-[0-9a-f]{32}\.html$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns whether a browser was told; false also where this session has no desktop. */
export async function openInBrowser(url: string, env: Environment): Promise<boolean> {
  const opener = openerOf(process.platform, env);
  if (opener === null) return false;
  const { runtimeFolder } = pathsOf(surroundings());
  mkdirSync(runtimeFolder, { recursive: true, mode: 0o700 });
  removeOldPages(runtimeFolder);
  const page = join(runtimeFolder, `sign-in-${randomBytes(16).toString('hex')}.html`);
  writeFileSync(page, pageTo(url), { mode: 0o600, flag: 'wx' });
  const [program, ...args] = opener;
  const isOpening = await runs(program, [...args, page], env);
  if (isOpening) removeLater(page);
  else rmSync(page, { force: true });
  return isOpening;
}

/** The program that opens a file as a click on it does; null where there is no desktop. */
export function openerOf(platform: string, env: Environment): readonly [string, ...string[]] | null {
  if (platform === 'darwin') return ['/usr/bin/open'];
  if (platform === 'win32') return ['rundll32.exe', 'url.dll,FileProtocolHandler'];
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  return isSet('DISPLAY') || isSet('WAYLAND_DISPLAY') ? ['xdg-open'] : null;
}

/** A page that goes on to the address at once, and tells no other page where it came from. */
export function pageTo(url: string): string {
  const address = url.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${address}">
<title>AWS console</title>
<p><a href="${address}">Sign in to the AWS console</a></p>
</html>
`;
}

async function runs(program: string, args: readonly string[], env: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: 'ignore', detached: true });
    const timer = setTimeout(() => {
      child.unref();
      resolve(true);
    }, openerMs);
    const end = (isOpening: boolean): void => {
      clearTimeout(timer);
      resolve(isOpening);
    };
    child.once('error', () => end(false));
    child.once('exit', (code) => end(code === 0));
  });
}

/** By a process of its own, so that nobody has to wait for it. It knows the page's name, and no more. */
function removeLater(page: string): void {
  const script = `setTimeout(() => require('node:fs').rmSync(process.argv[1], { force: true }), ${String(pageSeconds * 1000)})`;
  const remover = spawn(process.execPath, ['-e', script, page], { stdio: 'ignore', detached: true });
  remover.once('error', () => undefined); // the next call removes it
  remover.unref();
}

/** What a computer that was switched off in between left. */
function removeOldPages(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => pageName.test(entry))) {
    const path = join(folder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
    if (age > pageSeconds * 1000) rmSync(path, { force: true });
  }
}
