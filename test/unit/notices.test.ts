import { expect, it } from 'vitest';
import { Notices } from '../../src/main/notices.ts';
import { FakeLogger } from '../support/fakes/logger.ts';
import { Gate } from '../support/fakes/gate.ts';

const problem = { code: 'cert-ends-soon', message: 'The certificate ends soon.' };

function open() {
  const logger = new FakeLogger();
  return { notices: new Notices(logger), logger };
}

it('are heard by who works with the account, each once, until the work ends', async () => {
  const { notices } = open();
  const work = new Gate();
  const heard = notices.during(['dev'], work.promise);
  notices.tell('dev', problem);
  notices.tell('dev', problem);
  notices.tell('prod', problem);
  notices.tell(null, problem);
  work.open();
  expect(await heard).toEqual([
    { account: 'dev', ...problem },
    { account: null, ...problem },
  ]);
  notices.tell('dev', { ...problem, message: 'Too late.' });
  expect(await heard).toHaveLength(2);
});

it('are heard again by who works with it next', async () => {
  const { notices } = open();
  for (let turn = 0; turn < 2; turn += 1) {
    const work = new Gate();
    const heard = notices.during(['dev'], work.promise);
    notices.tell('dev', problem);
    work.open();
    expect(await heard).toHaveLength(1);
  }
});

it('of work that fails are lost to it, and it is told the failure', async () => {
  const { notices } = open();
  await expect(notices.during(['dev'], Promise.reject(new Error('no')))).rejects.toThrow('no');
});

it('are logged once: a renewal says nothing new', () => {
  const { notices, logger } = open();
  notices.tell('dev', problem);
  notices.tell('dev', problem);
  notices.tell(null, problem);
  expect(logger.entries.map(({ fields }) => fields)).toEqual([
    { account: 'dev', ...problem },
    { account: null, ...problem },
  ]);
});
