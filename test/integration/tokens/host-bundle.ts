import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

export interface HostBundle {
  readonly path: string;
  remove(): void;
}

/**
 * Bundles the token host as the product's build does. The bundle lies inside the repository, where it finds pkcs11js.
 */
export async function bundleTokenHost(): Promise<HostBundle> {
  const cache = resolve('node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'token-host-'));
  const path = join(directory, 'token-host.cjs');
  await build({
    entryPoints: ['src/main/tokens/host/index.ts'],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    external: ['pkcs11js'],
    logLevel: 'warning',
  });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
