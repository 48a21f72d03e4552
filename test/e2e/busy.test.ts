/** A hundred accounts that come and go: the window can be used all the while, and hears no more than it can show. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type SeenAccount } from './app-steps.ts';
import { AppWorld } from './app-world.ts';

const ids = Array.from({ length: 100 }, (_, index) => `account-${String(index).padStart(3, '0')}`);
const rounds = 4;
/** Being connected is told, and a try, and the end of one; each is one change of state. */
const changesPerRound = 4;

/** A page that takes longer for a click hangs; on a busy computer it was kept waiting for more than five seconds. */
const patience = { timeout: 30_000 } as const;

let world: AppWorld;
let page: Page;

beforeAll(async () => {
  world = await AppWorld.open();
  for (const id of ids) await world.addAccount(id);
  ({ page } = await world.open());
  await page.locator('#account-account-099').waitFor();
}, 240_000);
afterAll(() => world.close());

it('a hundred accounts come and go', { timeout: 240_000 }, async () => {
  await page.evaluate(() => {
    const heard: { count: number; last: Record<string, unknown> } = { count: 0, last: {} };
    Reflect.set(window, 'heard', heard);
    const bridge = Reflect.get(window, 'rolekey') as {
      on(event: string, listener: (payload: { account: string; state: unknown }) => void): void;
    };
    bridge.on('state', ({ account, state }) => {
      heard.count += 1;
      heard.last[account] = state;
    });
  });
  const over = new AbortController();
  const work = (async () => {
    for (let round = 0; round < rounds; round += 1) {
      await connect(world, '--all');
      const { code, stderr } = await world.rolekey(['disconnect', '--all']);
      expect(code, stderr).toBe(0);
    }
    await connect(world, '--all');
  })().finally(() => over.abort());
  work.catch(() => undefined); // told below, unless the page hangs before
  let used = 0;
  while (!over.signal.aborted) {
    // Each waits for the page: one that hangs fails the test by its time limit.
    await page.getByRole('button', { name: 'Add account' }).first().click(patience);
    await page.getByRole('dialog').waitFor(patience);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ ...patience, state: 'hidden' });
    used += 1;
  }
  await work;
  expect(used).toBeGreaterThan(3);
  const { accounts } = (await world.rolekey(['status', '--json'])).json() as { accounts: SeenAccount[] };
  expect(accounts.filter(({ state }) => state.serving !== null)).toHaveLength(ids.length);
  const lastOf = (): Promise<unknown> =>
    page.evaluate(() => (Reflect.get(window, 'heard') as { last: unknown }).last);
  await expect
    .poll(lastOf)
    .toEqual(Object.fromEntries(accounts.map(({ account, state }) => [account, state])));
  const count = await page.evaluate(() => (Reflect.get(window, 'heard') as { count: number }).count);
  expect(count).toBeGreaterThanOrEqual(ids.length);
  expect(count).toBeLessThanOrEqual(ids.length * changesPerRound * (rounds + 1));
});
