/** The service of keys with real modules in real processes, and the files of the disk. */
import { existsSync, readFileSync } from 'node:fs';
import { createModuleFiles } from '../../../src/main/node/module-files.ts';
import { createSshAgent } from '../../../src/main/node/ssh-agent-socket.ts';
import {
  createTokenService,
  type TokenService,
  type TokenServiceOptions,
} from '../../../src/main/tokens/token-service.ts';
import { fastClock, silentLog } from '../../unit/tokens/doubles.ts';

/** @param options the hosts, and what shall be otherwise: no module is confirmed, and there is no ssh-agent. */
export function realService(
  options: Pick<TokenServiceOptions, 'hosts'> & Partial<TokenServiceOptions>,
): TokenService {
  return createTokenService({
    moduleFiles: createModuleFiles(),
    sshAgent: createSshAgent(null),
    confirmedModules: { has: () => false, knows: () => false, paths: () => [], add: () => undefined },
    files: {
      read: async (path) => (existsSync(path) ? readFileSync(path) : null),
      edit: () => Promise.reject(new Error('nothing here writes')),
    },
    clock: fastClock(),
    log: silentLog,
    computer: process,
    ...options,
  });
}
