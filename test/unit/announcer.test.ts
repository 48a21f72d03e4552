import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Announcer } from '../../src/main/announcer.ts';
import { viewOf } from '../../src/main/sessions/account-view.ts';
import type { Notification, Notifier } from '../../src/main/ports.ts';
import { AppError } from '../../src/shared/errors.ts';
import { hour, minute, second, World } from './sessions/service-world.ts';

/** A desktop that shows what it is told to. */
class FakeNotifier implements Notifier {
  readonly visible = new Map<string, Notification>();
  readonly log: string[] = [];

  show(notification: Notification): void {
    this.visible.set(notification.id, notification);
    this.log.push(notification.id);
  }

  withdraw(id: string): void {
    expect(this.visible.delete(id), `${id} is shown`).toBe(true);
    this.log.push(`-${id}`);
  }
}

const pin = 'person-needed:pin T T';
const unplugged = 'key-unplugged:T T';
const over = 'session-expired';
const back = 'back-again';
let world: World;
let notifier: FakeNotifier;
let announcer: Announcer;
/** Thrown by the look at the accounts. */
let unreadable: Error | null;

function announcerFor(shows: Notifier | null): Announcer {
  const made = new Announcer({
    notifier: shows,
    accounts: () => {
      if (unreadable !== null) throw unreadable;
      return world.accounts.map((account) => viewOf(account, world.service, 0));
    },
    clock: world.clock,
    logger: world.logger,
  });
  world.onTold = (account) => made.changed(account, world.state(account));
  return made;
}

beforeEach(() => {
  world = new World({ a: 'T' });
  notifier = new FakeNotifier();
  unreadable = null;
  announcer = announcerFor(notifier);
});

afterEach(async () => {
  await world.service.stop();
  announcer.stop();
  expect([notifier.visible.size, world.clock.pending]).toEqual([0, 0]);
});

/** `a` serves for an hour, and its token has forgotten the PIN. */
async function withoutPin(): Promise<void> {
  await world.connect('a');
  world.token('a').unlocked = false;
}

describe('the announcer', () => {
  it('tells of a session that needs its PIN at 15 and at 5 minutes, and of its end', async () => {
    await withoutPin();
    await world.clock.advance(45 * minute - 1);
    expect(notifier.log).toEqual([]);
    await world.clock.advance(1);
    expect(notifier.log).toEqual([pin]);
    expect(notifier.visible.get(pin)?.title).toBe('“Label a” needs its PIN or passphrase');
    await world.clock.advance(10 * minute - 1);
    expect(notifier.log).toEqual([pin]);
    await world.clock.advance(1);
    expect(notifier.log).toEqual([pin, pin]);
    await world.clock.advance(5 * minute);
    expect(notifier.log).toEqual([pin, pin, `-${pin}`, over]);
    await world.clock.advance(8 * hour);
    expect(notifier.log).toHaveLength(4);
  });

  it('takes it back when the PIN was typed', async () => {
    await withoutPin();
    await world.clock.advance(50 * minute);
    await world.connect('a');
    await world.clock.advance(second);
    expect(notifier.log).toEqual([pin, `-${pin}`]);
  });

  it('says nothing of a renewal that needs nobody, nor of a connect that failed', async () => {
    await world.connect('a');
    await world.clock.advance(3 * hour);
    await world.service.disconnect(['a']);
    world.failure = new AppError('identity-mismatch');
    await world.connect('a');
    await world.clock.advance(hour);
    expect(notifier.log).toEqual([]);
  });

  it('says nothing of a session somebody ended, whatever it was waiting for', async () => {
    await withoutPin();
    await world.clock.advance(40 * minute);
    await world.service.disconnect(['a']);
    await world.clock.advance(hour);
    expect(notifier.log).toEqual([]);
  });

  it('says nothing of what is true for a moment only', async () => {
    await world.connect('a');
    world.clock.sleep(8 * hour); // it has expired; whoever connects meets that on the way
    await world.connect('a');
    await world.clock.advance(second);
    expect(notifier.log).toEqual([]);
  });

  it('is silent while the screen is locked, and then says what is true still', async () => {
    await withoutPin();
    announcer.setLocked(true);
    await world.clock.advance(58 * minute);
    expect(notifier.log).toEqual([]);
    announcer.setLocked(false);
    await world.clock.advance(0);
    expect(notifier.log).toEqual([pin]);
  });

  it('meets within a tick what was slept through', async () => {
    await withoutPin();
    await world.clock.advance(31 * minute);
    world.clock.sleep(20 * minute);
    await world.clock.advance(15 * second);
    expect(notifier.log).toEqual([pin]);
  });

  it('looks at once when the computer wakes up', async () => {
    await withoutPin();
    await world.clock.advance(31 * minute);
    world.clock.sleep(20 * minute);
    announcer.look();
    await world.clock.advance(0);
    expect(notifier.log).toEqual([pin]);
  });

  it('tells once of a token that is pulled out, whoever depends on it, and of its return', async () => {
    world = new World({ a: 'T', b: 'T' });
    announcer.stop();
    announcer = announcerFor(notifier);
    await world.connect('a', 'b');
    world.token('a').unplug();
    await world.clock.advance(31 * minute); // half of the hour is gone: the renewal comes upon it
    expect(notifier.log).toEqual([unplugged]);
    expect(notifier.visible.get(unplugged)).toMatchObject({
      title: 'The token “T” is not plugged in',
      accounts: ['a', 'b'],
      button: { label: 'Connect', action: { kind: 'connect', accounts: ['a', 'b'] } },
    });
    await world.clock.advance(20 * minute); // it is looked for again and again
    expect(notifier.log).toEqual([unplugged]);
    world.token('a').present = true;
    await world.connect('a', 'b');
    await world.clock.advance(second);
    expect(notifier.log).toEqual([unplugged, `-${unplugged}`, back]);
    expect(notifier.visible.get(back)?.title).toBe('2 accounts work again');
  });

  it('tells a hundred that expire together in one', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `a${String(index)}`);
    world = new World(Object.fromEntries(names.map((name) => [name, 'T'])));
    announcer.stop();
    announcer = announcerFor(notifier);
    await world.connect(...names);
    world.token('a0').unlocked = false;
    await world.clock.advance(61 * minute);
    expect(notifier.log).toEqual([pin, pin, `-${pin}`, over]);
    expect(notifier.visible.get(over)?.accounts).toHaveLength(100);
  });

  it('looks seldom while there is nothing to come but a certificate’s end in weeks', async () => {
    let looks = 0;
    const certificate = { sha256: 'c', notBefore: 0, notAfter: world.clock.now() + 60 * 24 * hour };
    const far = new Announcer({
      notifier,
      accounts: () => {
        looks += 1;
        return world.accounts.map((account) => ({ ...viewOf(account, world.service, 0), certificate }));
      },
      clock: world.clock,
      logger: world.logger,
    });
    world.onTold = (account) => far.changed(account, world.state(account));
    await world.connect('a');
    world.onTold = () => undefined;
    await world.clock.advance(hour);
    expect(looks).toBeLessThan(10);
    expect(looks).toBeGreaterThan(4);
    far.stop();
  });

  it('goes on when the accounts can be read again', async () => {
    await withoutPin();
    unreadable = new AppError('config-unreadable');
    await world.clock.advance(50 * minute);
    expect(notifier.log).toEqual([]);
    expect(world.state('a').activity).toBe('needs-you'); // the session lives on
    expect(world.logger.entries).toContainEqual(expect.objectContaining({ event: 'not-announced' }));
    unreadable = null;
    await world.clock.advance(15 * second);
    expect(notifier.log).toEqual([pin]);
  });

  it('takes back what is shown when it stops, and says nothing any more', async () => {
    await withoutPin();
    await world.clock.advance(50 * minute);
    announcer.stop();
    expect(notifier.log).toEqual([pin, `-${pin}`]);
    await world.clock.advance(hour);
    expect(notifier.log).toHaveLength(2);
  });

  it('with nobody to tell does nothing', async () => {
    const silent = announcerFor(null);
    await withoutPin();
    await world.clock.advance(50 * minute);
    silent.setLocked(true);
    silent.look();
    expect(world.clock.pending).toBe(1); // the sessions' own
  });
});
