/**
 * The form of a new account: what stands in it, what the engine says of it while it is typed, and adding it.
 * Knows no page.
 */
import type { CallInput, CallOutput, FieldProblem } from '../../../shared/api.ts';
import type { Answer, Bridge } from '../../../shared/bridge.ts';
import type { ErrorShape } from '../../../shared/errors.ts';
import type { KeyInfo, Outlet, TokenInfo, Tokens } from '../../../shared/model.ts';
import { addText } from '../../text.ts';
import type { Timers } from '../../timers.ts';
import {
  carriedOf,
  emptyValues,
  inputOf,
  isNumberOfMinutes,
  textFields,
  valuesOf,
  type Carried,
  type FormValues,
  type TextField,
} from './form-values.ts';
import { Latest } from './latest.ts';

type Read = CallOutput<'readCommandLine'>;

export interface FormState {
  readonly values: FormValues;
  readonly carried: Carried;
  readonly touched: ReadonlySet<TextField>;
  /** The person tried to add it, so every problem is shown. */
  readonly wasTried: boolean;
  readonly problems: readonly FieldProblem[];
  readonly warnings: CallOutput<'checkAccount'>['warnings'];
  readonly commandLine: string;
  readonly read: Read | null;
  readonly keys: 'unasked' | 'looking' | ErrorShape | Tokens;
  readonly isAdding: boolean;
  readonly error: ErrorShape | null;
}

interface AddBridge {
  readonly calls: Pick<
    Bridge<'window'>['calls'],
    'checkAccount' | 'readCommandLine' | 'findKeys' | 'addAccount'
  >;
}

/** Typing that pauses this long is judged, milliseconds. */
const pauseMs = 200;

const begin: FormState = {
  values: emptyValues,
  carried: {},
  touched: new Set(),
  wasTried: false,
  problems: [],
  warnings: [],
  commandLine: '',
  read: null,
  keys: 'unasked',
  isAdding: false,
  error: null,
};

export class AddAccountModel {
  readonly #bridge: AddBridge;
  readonly #check: Latest<CallInput<'checkAccount'>, Answer<CallOutput<'checkAccount'>>>;
  readonly #read: Latest<CallInput<'readCommandLine'>, Answer<Read>>;
  readonly #listeners = new Set<() => void>();
  #state = begin;
  /** Counts the forms: what was asked for one comes to nothing in the next. */
  #form = 0;

  constructor(bridge: AddBridge, timers: Timers) {
    this.#bridge = bridge;
    this.#check = new Latest(timers, pauseMs, (input) => bridge.calls.checkAccount(input));
    this.#read = new Latest(timers, pauseMs, (input) => bridge.calls.readCommandLine(input));
  }

  /** For useSyncExternalStore. @returns its undo. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly getSnapshot = (): FormState => this.#state;

  /** A new, empty form; answers that are under way come to nothing. */
  reset(): void {
    this.#check.drop();
    this.#read.drop();
    this.#form += 1;
    this.#set(begin);
  }

  setField(field: TextField, text: string): void {
    this.#change({ ...this.#state.values, [field]: text });
  }

  setOutlet(outlet: Outlet): void {
    this.#change({ ...this.#state.values, outlet });
  }

  /** The person has been in that field, so what is wrong with it may be said. */
  touch(field: TextField): void {
    if (this.#state.touched.has(field)) return;
    this.#set({ touched: new Set([...this.#state.touched, field]) });
  }

  setCommandLine(commandLine: string): void {
    this.#set({ commandLine });
    if (commandLine.trim() === '') {
      this.#read.drop();
      this.#set({ read: null });
      return;
    }
    this.#read.ask({ commandLine }, (answer) => this.#takeRead(answer));
  }

  async findKeys(): Promise<void> {
    if (this.#state.keys === 'looking') return;
    const form = this.#form;
    this.#set({ keys: 'looking' });
    const answer = await this.#bridge.calls.findKeys({});
    if (form !== this.#form) return;
    this.#set({ keys: 'result' in answer ? answer.result : answer.error });
  }

  chooseKey(uri: string): void {
    this.touch('keys');
    this.#set({ carried: { ...this.#state.carried, moreKeys: [] } });
    this.setField('keys', uri);
  }

  /** @param adopt take over an AWS profile that is not ours. @returns the new account’s ID; null where none was added. */
  async add(adopt: boolean): Promise<string | null> {
    if (this.#state.isAdding) return null;
    const form = this.#form;
    this.#set({ isAdding: true, wasTried: true, error: null });
    const input = inputOf(this.#state.values, this.#state.carried);
    // What is said while typing may be about what stood there before.
    const checked = await this.#bridge.calls.checkAccount(input);
    if (form !== this.#form) return null; // it was closed, and nothing is added yet
    if ('error' in checked) return this.#refused(checked.error);
    this.#set(checked.result);
    if (shownProblems(this.#state).length > 0) return this.#refused(null);
    const answer = await this.#bridge.calls.addAccount({ ...input, adopt });
    if ('result' in answer) {
      if (form === this.#form) this.#set({ isAdding: false });
      return answer.result.account.id;
    }
    if (form !== this.#form) return null;
    return this.#refused(answer.error.code === 'cancelled' ? null : answer.error);
  }

  #refused(error: ErrorShape | null): null {
    this.#set({ isAdding: false, error });
    return null;
  }

  #takeRead(answer: Answer<Read>): void {
    if ('error' in answer) {
      const { code, message } = answer.error;
      this.#set({ read: { account: null, problem: { code, message }, dropped: [] } });
      return;
    }
    const { account } = answer.result;
    this.#set({ read: answer.result });
    if (account === null) return;
    this.#set({ carried: carriedOf(account), touched: new Set(textFields) });
    this.#change(valuesOf(account));
  }

  #change(values: FormValues): void {
    this.#set({ values, error: null });
    this.#check.ask(inputOf(values, this.#state.carried), (answer) => {
      if ('result' in answer) this.#set(answer.result);
      else this.#set({ error: answer.error });
    });
  }

  #set(change: Partial<FormState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The problems there are, the form’s own included. */
function allProblems({ values, problems }: FormState): readonly FieldProblem[] {
  if (isNumberOfMinutes(values.sessionDuration)) return problems;
  return [...problems, { field: 'sessionDuration', code: 'duration-range', message: addText.minutes }];
}

/**
 * The problems to show: those of fields the person has been in, and all once adding was tried. How fields go together is
 * said when each is right by itself.
 */
export function shownProblems(state: FormState): readonly FieldProblem[] {
  const all = allProblems(state);
  if (state.wasTried) return all;
  const own = all.filter(({ field }) => isTextField(field) && state.touched.has(field));
  return all.every(({ field }) => field === null) && state.touched.size > 0 ? all : own;
}

/** Problems of no field that the form has. */
export function problemsOfForm(problems: readonly FieldProblem[]): readonly FieldProblem[] {
  return problems.filter(({ field }) => !isTextField(field));
}

function isTextField(field: FieldProblem['field']): field is TextField {
  return (textFields as readonly (string | null)[]).includes(field);
}

/** Every key that was found with the token it is on, those that can be used first. */
export function keysFound({
  tokens,
}: Tokens): readonly { readonly token: TokenInfo; readonly key: KeyInfo }[] {
  const all = tokens.flatMap((token) => token.keys.map((key) => ({ token, key })));
  return [...all.filter(({ key }) => key.usable), ...all.filter(({ key }) => !key.usable)];
}
