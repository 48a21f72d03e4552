/** The engine's own parts, wired to a test world for measuring. */
import { resolve } from 'node:path';
import { makeAccount } from '../../src/main/accounts/account-fields.ts';
import { systemClock } from '../../src/main/node/clock.ts';
import { createFiles } from '../../src/main/node/files.ts';
import { createModuleFiles } from '../../src/main/node/module-files.ts';
import { createSshAgent } from '../../src/main/node/ssh-agent-socket.ts';
import { createTokenHosts } from '../../src/main/node/token-hosts.ts';
import { createTokenService, type TokenService } from '../../src/main/tokens/token-service.ts';
import type { Account } from '../../src/shared/model.ts';
import { pin, region, type World } from '../support/world/world.ts';

/** @param key another key than the world's own. */
export function benchAccount(
  world: World,
  key: { readonly keys: string[]; readonly pkcs11Lib?: string } = { keys: [world.device.uri] },
): Account {
  const arn = `arn:aws:rolesanywhere:${region}:123456789012`;
  return makeAccount(
    'bench',
    {
      roleArn: 'arn:aws:iam::123456789012:role/bench',
      profileArn: `${arn}:profile/0a1b2c3d-1111-4222-8333-944455556666`,
      trustAnchorArn: `${arn}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`,
      ...key,
      endpoint: world.server.url,
    },
    { allowDefault: false },
  );
}

/** Keys through a real token host, bundled by the build. @param more of the environment of the modules. */
export function benchTokens(world: World, more: Readonly<Record<string, string>> = {}): TokenService {
  const environment = { ...world.env, ...more };
  return createTokenService({
    hosts: createTokenHosts({ bundle: resolve('dist/main/token-host.cjs'), environment }),
    moduleFiles: createModuleFiles(),
    environment,
    confirmedModules: { has: () => false, knows: () => false, paths: () => [], add: () => undefined },
    sshAgent: createSshAgent(null),
    files: createFiles(world.folder('bench-run')),
    clock: systemClock,
    log: { log: () => undefined },
    computer: { platform: process.platform, arch: process.arch },
  });
}

/** Somebody who types the right PIN. */
export const benchHuman = {
  prompts: { ask: async () => ({ secret: pin }) },
  accounts: ['bench'],
  askedBy: 'bench',
};
