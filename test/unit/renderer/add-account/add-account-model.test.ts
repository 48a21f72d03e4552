import { beforeEach, describe, expect, it } from 'vitest';
import {
  AddAccountModel,
  keysFound,
  problemsOfForm,
  shownProblems,
} from '../../../../src/renderer/screens/add-account/add-account-model.ts';
import type { CallInput, CallOutput, FieldProblem } from '../../../../src/shared/api.ts';
import type { Answer } from '../../../../src/shared/bridge.ts';
import type { KeyInfo, TokenInfo } from '../../../../src/shared/model.ts';
import { account, shape } from '../accounts/fake-engine.ts';
import { ManualTimers, settled } from '../manual-timers.ts';

type Check = Answer<CallOutput<'checkAccount'>>;

const roleProblem: FieldProblem = { field: 'roleArn', code: 'account-invalid', message: 'is needed' };
const keyProblem: FieldProblem = { field: 'keys', code: 'account-invalid', message: 'is needed' };
const together: FieldProblem = { field: null, code: 'arn-mismatch', message: 'The ARNs differ.' };

let timers: ManualTimers;
let model: AddAccountModel;
let problems: FieldProblem[];
let read: Answer<CallOutput<'readCommandLine'>>;
let found: Answer<CallOutput<'findKeys'>>;
let added: Answer<CallOutput<'addAccount'>>;
let checks: { readonly input: CallInput<'checkAccount'>; readonly answer: (given: Check) => void }[];
let additions: CallInput<'addAccount'>[];
/** Answers checks at once. */
let isPrompt: boolean;

beforeEach(() => {
  timers = new ManualTimers();
  problems = [];
  read = { result: { account: account('read'), problem: null, dropped: [] } };
  found = { result: { modules: [], tokens: [] } };
  added = { result: { account: account('new'), warnings: [] } };
  checks = [];
  additions = [];
  isPrompt = true;
  model = new AddAccountModel(
    {
      calls: {
        checkAccount: (input) =>
          new Promise((answer) => {
            checks.push({ input, answer });
            if (isPrompt) answer({ result: { problems, warnings: [] } });
          }),
        readCommandLine: async () => read,
        findKeys: async () => found,
        addAccount: async (input) => {
          additions.push(input);
          return added;
        },
      },
    },
    timers,
  );
});

async function pause(): Promise<void> {
  timers.pass(200);
  await settled();
}

function shown(): readonly (string | null)[] {
  return shownProblems(model.getSnapshot()).map(({ field }) => field);
}

describe('checking while typing', () => {
  it('asks once a pause has come', async () => {
    model.setField('id', 'd');
    timers.pass(199);
    model.setField('id', 'de');
    timers.pass(199);
    expect(checks).toEqual([]);
    await pause();
    expect(checks.map(({ input }) => input.id)).toEqual(['de']);
  });

  it('takes the latest answer, in whatever order they come', async () => {
    isPrompt = false;
    model.touch('roleArn');
    model.setField('id', 'a');
    await pause();
    model.setField('id', 'b');
    await pause();
    checks[1]?.answer({ result: { problems: [], warnings: [] } });
    checks[0]?.answer({ result: { problems: [roleProblem], warnings: [] } });
    await settled();
    expect(model.getSnapshot().problems).toEqual([]);
  });

  it('says what is wrong with a field only once the person has been in it', async () => {
    problems = [roleProblem, keyProblem];
    model.setField('id', 'a');
    await pause();
    expect(shown()).toEqual([]);
    model.touch('roleArn');
    expect(shown()).toEqual(['roleArn']);
  });

  it('says how fields go together when each is right by itself', async () => {
    problems = [roleProblem, together];
    model.touch('roleArn');
    model.setField('roleArn', 'x');
    await pause();
    expect(shown()).toEqual(['roleArn']);
    problems = [together];
    model.setField('roleArn', 'y');
    await pause();
    expect(shown()).toEqual([null]);
    expect(problemsOfForm(shownProblems(model.getSnapshot()))).toEqual([together]);
  });

  it('judges the minutes itself, which the engine is not sent', async () => {
    model.touch('sessionDuration');
    model.setField('sessionDuration', 'an hour');
    expect(shown()).toEqual(['sessionDuration']);
    await pause();
    expect(checks[0]?.input.fields.sessionDuration).toBeUndefined();
  });
});

describe('a pasted line', () => {
  it('fills the fields in and has them checked', async () => {
    model.setCommandLine('aws_signing_helper …');
    await pause();
    await pause();
    expect(model.getSnapshot().values).toMatchObject({ id: 'read', keys: '/k.pem', sessionDuration: '60' });
    expect(checks.map(({ input }) => input.id)).toEqual(['read']);
  });

  it('that is none leaves the fields as they are and says why', async () => {
    read = { result: { account: null, problem: { code: 'x', message: 'No helper.' }, dropped: [] } };
    model.setField('id', 'mine');
    model.setCommandLine('ls');
    await pause();
    expect(model.getSnapshot()).toMatchObject({ values: { id: 'mine' }, read: { problem: { code: 'x' } } });
  });

  it('that is emptied again is forgotten', async () => {
    model.setCommandLine('x');
    model.setCommandLine(' ');
    await pause();
    expect(model.getSnapshot()).toMatchObject({ read: null, values: { id: '' } });
  });

  it('that cannot be read at all says so', async () => {
    read = { error: shape('internal') };
    model.setCommandLine('x');
    await pause();
    expect(model.getSnapshot().read?.problem?.code).toBe('internal');
  });
});

describe('finding keys', () => {
  it('shows what was found, and what failed', async () => {
    await model.findKeys();
    expect(model.getSnapshot().keys).toEqual({ modules: [], tokens: [] });
    found = { error: shape('internal') };
    await model.findKeys();
    expect(model.getSnapshot().keys).toMatchObject({ code: 'internal' });
  });

  it('of a form that was closed comes to nothing', async () => {
    const finding = model.findKeys();
    model.reset();
    await finding;
    expect(model.getSnapshot().keys).toBe('unasked');
  });

  it('lists keys that can be used first', () => {
    const key = (uri: string, usable: boolean): KeyInfo => ({ uri, usable }) as KeyInfo;
    const token = (...keys: KeyInfo[]): TokenInfo => ({ keys }) as TokenInfo;
    const tokens = [token(key('1', false), key('2', true)), token(key('3', true))];
    expect(keysFound({ modules: [], tokens }).map((each) => each.key.uri)).toEqual(['2', '3', '1']);
  });

  it('takes the chosen one in place of all that were pasted', () => {
    model.chooseKey('pkcs11:id=%02');
    expect(model.getSnapshot().values.keys).toBe('pkcs11:id=%02');
    expect(shown()).toEqual([]);
  });
});

describe('adding', () => {
  it('answers the new account’s ID', async () => {
    model.setField('id', 'new');
    expect(await model.add(false)).toBe('new');
    expect(additions).toEqual([{ id: 'new', fields: { outlet: 'credential-process' }, adopt: false }]);
  });

  it('shows every problem and asks nothing while there is one', async () => {
    problems = [roleProblem, keyProblem, together];
    expect(await model.add(false)).toBeNull();
    expect(shown()).toEqual(['roleArn', 'keys', null]);
    expect(additions).toEqual([]);
    expect(model.getSnapshot().isAdding).toBe(false);
  });

  it('is not stopped by what was wrong before the last change', async () => {
    problems = [roleProblem];
    model.setField('id', 'new');
    await pause();
    problems = [];
    expect(await model.add(false)).toBe('new');
  });

  it('keeps the refusal, and takes the section over when told to', async () => {
    added = { error: shape('section-foreign') };
    expect(await model.add(false)).toBeNull();
    expect(model.getSnapshot().error?.code).toBe('section-foreign');
    added = { result: { account: account('new'), warnings: [] } };
    expect(await model.add(true)).toBe('new');
    expect(additions.map(({ adopt }) => adopt)).toEqual([false, true]);
  });

  it('stays as it is where the person cancelled', async () => {
    added = { error: shape('cancelled') };
    expect(await model.add(false)).toBeNull();
    expect(model.getSnapshot()).toMatchObject({ error: null, isAdding: false });
  });

  it('is asked once however often the button is pressed', async () => {
    const [first, second] = await Promise.all([model.add(false), model.add(false)]);
    expect([first, second]).toEqual(['new', null]);
    expect(additions).toHaveLength(1);
  });
});

describe('a form that is closed while it is added', () => {
  it('adds nothing where that had not begun', async () => {
    const adding = model.add(false);
    model.reset();
    expect(await adding).toBeNull();
    expect(additions).toEqual([]);
  });

  it('leaves its refusal to nobody', async () => {
    added = { error: shape('internal') };
    const adding = model.add(false);
    await Promise.resolve();
    await Promise.resolve();
    expect(additions).toHaveLength(1);
    model.reset();
    expect(await adding).toBeNull();
    expect(model.getSnapshot().error).toBeNull();
  });
});

describe('a new form', () => {
  it('is empty, and hears no answer of the one before', async () => {
    isPrompt = false;
    model.setField('id', 'a');
    await pause();
    model.reset();
    checks[0]?.answer({ result: { problems: [roleProblem], warnings: [] } });
    await settled();
    expect(model.getSnapshot()).toMatchObject({ values: { id: '' }, problems: [], wasTried: false });
  });
});
