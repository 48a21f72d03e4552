/** A world whose token is reached through a spy, so that its signatures can be counted. */
import { join } from 'node:path';
import { textOf, World } from '../../support/world/world.ts';
import { spiedLogins, spyModule } from '../contract/spy.ts';

export interface SpiedWorld {
  readonly world: World;
  /** Adds an account whose key is on the spied token. @throws Error with what the command said. */
  addAccount(id: string, ...flags: readonly string[]): Promise<void>;
  /** Made on the token since the world was opened. */
  signatures(): number;
  /** Tries of a PIN since the world was opened. */
  logins(): number;
}

export async function openSpiedWorld(): Promise<SpiedWorld> {
  const world = await World.open();
  const log = join(world.home, 'spy.log');
  await world.startAgent({ PKCS11SPY: world.hsm.module, PKCS11SPY_OUTPUT: log });
  const spy = spyModule();
  const confirming = world.terminal(['tokens', '--pkcs11-lib', spy]);
  await confirming.shows('Type yes');
  confirming.type('yes\r');
  if ((await confirming.ended) !== 0) throw new Error(`The spy was not confirmed: ${confirming.output}`);
  return {
    world,
    addAccount: (id, ...flags) => world.addAccount(id, '--pkcs11-lib', spy, ...flags),
    signatures: () => (textOf(log) ?? '').match(/: C_Sign\n/g)?.length ?? 0,
    logins: () => spiedLogins(textOf(log) ?? ''),
  };
}
