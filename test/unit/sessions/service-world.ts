/** Accounts, tokens, AWS and outlets that do as they are told, around a real session service. */
import { SessionService, type LiveSession } from '../../../src/main/sessions/session-service.ts';
import type { InTurn } from '../../../src/main/sessions/create-session.ts';
import type { PromptQuestion, Prompts } from '../../../src/main/ports.ts';
import type { Human, Signer, SignerKey } from '../../../src/main/tokens/signer.ts';
import { AppError, type ErrorCode } from '../../../src/shared/errors.ts';
import type { Account, PromptAnswer, State } from '../../../src/shared/model.ts';
import { FakeClock } from '../../support/fakes/clock.ts';
import type { Gate } from '../../support/fakes/gate.ts';
import { FakeLogger } from '../../support/fakes/logger.ts';
import { account as sample } from './create-session-world.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** A token that is unlocked by its PIN, which is asked once for all who wait. */
export class FakeToken {
  present = true;
  unlocked = false;
  touch: SignerKey['touch'] = 'never';
  /** Where set, a signature waits for a touch until it opens. */
  touching: Gate | null = null;
  /** PINs tried. */
  tries = 0;
  readonly #name: string;
  #login: Promise<void> | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  get key(): SignerKey {
    return {
      uri: `pkcs11:token=${this.#name}`,
      token: { label: this.#name, serial: this.#name },
      hardware: true,
      touch: this.touch,
      alwaysAuthenticate: false,
    };
  }

  get wantsTouch(): boolean {
    return this.touch === 'always' || this.touch === 'cached';
  }

  get ready(): boolean {
    return this.present && this.unlocked && !this.wantsTouch;
  }

  unplug(): void {
    this.present = false;
    this.unlocked = false;
  }

  async unlock(human: Human | null): Promise<void> {
    if (this.unlocked) return;
    if (human === null) throw new AppError('pin-needed');
    this.#login ??= this.#askAndTry(human).finally(() => (this.#login = null));
    await this.#login;
  }

  async #askAndTry({ prompts, accounts, askedBy, unneeded }: Human): Promise<void> {
    const question: PromptQuestion = {
      kind: 'pin',
      token: { label: this.#name, serial: this.#name },
      accounts: [...accounts],
      askedBy,
      triesLeft: 3 - this.tries,
      finalTry: false,
      previous: null,
      mayRemember: false,
    };
    const answer = await prompts.ask(question, unneeded);
    if (answer === null || typeof answer === 'string') throw new AppError('pin-needed');
    this.tries += 1;
    if (!('secret' in answer) || answer.secret !== pin) throw new AppError('pin-incorrect');
    this.unlocked = true;
  }
}

export const pin = '123456';

/** A person: answers every question alike, or when the test says so. */
export class FakeHuman implements Prompts {
  readonly questions: PromptQuestion[] = [];
  answer: Exclude<PromptAnswer, { cancel: true }> | null = { secret: pin };
  /** Where set, the person takes until it opens. */
  thinking: Gate | null = null;

  /** Questions that were void before the person answered. */
  voided = 0;

  async ask(
    question: PromptQuestion,
    unneeded?: AbortSignal,
  ): Promise<Exclude<PromptAnswer, { cancel: true }> | null> {
    this.questions.push(question);
    if (this.thinking === null) return this.answer;
    const isVoid = new Promise<null>((resolve) => {
      unneeded?.addEventListener('abort', () => resolve(null), { once: true });
    });
    const answer = await Promise.race([this.thinking.promise.then(() => this.answer), isVoid]);
    if (unneeded?.aborted) this.voided += 1;
    return answer;
  }
}

/** What AWS files hold: which access key of which account. */
export class FakeOutlet {
  readonly held = new Map<string, string>();
  /** The AWS profile each was written for. */
  readonly profiles = new Map<string, string>();
  /** Which outlets were told to take credentials away, in order. */
  readonly withdrawals: Account['outlet'][] = [];
  /** Of the next writes, until it is taken away. */
  publishFailure: ErrorCode | null = null;
  withdrawFailure: ErrorCode | null = null;
  /** Where set, a write takes until it opens. */
  publishing: Gate | null = null;
  withdrawing: Gate | null = null;
  publishes = 0;

  async publish({ id, awsProfile }: Account, { credentials }: LiveSession): Promise<void> {
    this.publishes += 1;
    if (this.publishing !== null) await this.publishing.promise;
    if (this.publishFailure !== null) throw new AppError(this.publishFailure);
    this.held.set(id, credentials.accessKeyId);
    this.profiles.set(id, awsProfile);
  }

  async withdraw({ id, outlet }: Account): Promise<void> {
    this.withdrawals.push(outlet);
    if (this.withdrawing !== null) await this.withdrawing.promise;
    if (this.withdrawFailure !== null) throw new AppError(this.withdrawFailure);
    this.held.delete(id);
  }
}

export interface Told {
  readonly account: string;
  readonly state: State;
}

export class World {
  readonly clock = new FakeClock();
  readonly logger = new FakeLogger();
  readonly human = new FakeHuman();
  /** Who is told of a touch where nobody began what wants it. */
  readonly bystander = new FakeHuman();
  readonly outlet = new FakeOutlet();
  readonly told: Told[] = [];
  /** When a person was to be asked, for which account, with how many minutes left. */
  readonly asked: { readonly account: string; readonly minutes: number; readonly at: number }[] = [];
  /** What is remembered for the next agent. */
  readonly unemptied = new Set<string>();
  /** Called with every change, in the midst of it. */
  onTold: (account: string) => void = () => undefined;
  readonly tokens = new Map<string, FakeToken>();
  readonly service: SessionService;
  accounts: Account[];
  /** Thrown by the look at an account's key, before anybody is asked. */
  readonly refused = new Map<string, ErrorCode>();
  /** Thrown in place of a session. */
  failure: Error | null = null;
  /** Where set, AWS takes until it opens. */
  awsThinking: Gate | null = null;
  lifetimeMs = hour;
  random = 0.5;
  /** Accounts in the order sessions were asked for them. */
  readonly requests: string[] = [];
  /** Who was to be told of a touch, for each of them. */
  readonly signedFor: Human[] = [];
  inFlight = 0;
  mostInFlight = 0;

  /** @param tokenOf the token of each account, by ID. */
  constructor(tokenOf: Readonly<Record<string, string>>) {
    for (const [id, token] of Object.entries(tokenOf)) {
      const existing = [...this.tokens.values()].find(({ key }) => key.token?.label === token);
      this.tokens.set(id, existing ?? new FakeToken(token));
    }
    this.accounts = Object.keys(tokenOf).map((id) => ({
      ...sample,
      id,
      label: `Label ${id}`,
      awsProfile: id,
    }));
    this.service = new SessionService({
      accounts: { get: (id) => this.account(id) },
      prepareSigner: (account) => this.#prepare(account),
      createSession: (account, signer, _signal, inTurn, human) =>
        this.#create(account, signer, inTurn, human),
      outlets: this.outlet,
      unemptied: {
        list: () => [...this.unemptied],
        add: (id) => void this.unemptied.add(id),
        delete: (id) => void this.unemptied.delete(id),
      },
      bystander: { prompts: this.bystander, askedBy: 'nobody' },
      clock: this.clock,
      random: () => this.random,
      logger: this.logger,
      onChange: (account, state) => {
        this.told.push({ account, state });
        this.onTold(account);
      },
      onAsk: (account, minutes) => this.asked.push({ account, minutes, at: this.clock.now() }),
    });
  }

  account(id: string): Account {
    const found = this.accounts.find((account) => account.id === id);
    if (found === undefined) throw new AppError('account-unknown');
    return found;
  }

  token(id: string): FakeToken {
    return this.tokens.get(id)!;
  }

  connect(...ids: string[]): Promise<void> {
    return this.service.connect(ids, { prompts: this.human, askedBy: 'rolekey connect' });
  }

  /** Without anybody to ask. */
  connectAlone(...ids: string[]): Promise<void> {
    return this.service.connect(ids, { prompts: { ask: () => Promise.resolve(null) }, askedBy: 'x' });
  }

  state(id: string): State {
    return this.service.state(id);
  }

  /** The access key being served, or the code of the error in its place. */
  serves(id: string): string {
    try {
      return this.service.serving(id).credentials.accessKeyId;
    } catch (error) {
      if (error instanceof AppError) return error.code;
      throw error;
    }
  }

  /** The activities an account went through, each once in a row. */
  activities(id: string): string[] {
    const all = this.told.filter(({ account }) => account === id).map(({ state }) => state.activity);
    return all.filter((activity, index) => activity !== all[index - 1]);
  }

  async #prepare({ id }: Account): Promise<Signer> {
    await Promise.resolve();
    const code = this.refused.get(id);
    if (code !== undefined) throw new AppError(code);
    const token = this.token(id);
    if (!token.present) throw new AppError('token-absent');
    return {
      key: token.key,
      certificate: {} as Signer['certificate'],
      issuers: [],
      readyWithoutHuman: () => token.ready,
      unlock: (human) => token.unlock(human),
      sign: () => Promise.reject(new Error('The service signs nothing itself.')),
    };
  }

  async #create({ id }: Account, signer: Signer, inTurn: InTurn, human: Human): Promise<LiveSession> {
    const token = this.token(id);
    if (!signer.readyWithoutHuman() && !token.wantsTouch) throw new AppError('pin-needed');
    this.requests.push(id);
    const number = this.requests.length;
    this.signedFor.push(human);
    if (token.touching !== null) {
      human.onTouch?.(true);
      await token.touching.promise.finally(() => human.onTouch?.(false));
    }
    await inTurn(() => this.#send());
    const issuedAt = this.clock.now();
    return {
      credentials: {
        accessKeyId: `key-${String(number)}`,
        secretAccessKey: `secret-${String(number)}`,
        sessionToken: `token-${String(number)}`,
      },
      issuedAt,
      expiresAt: issuedAt + this.lifetimeMs,
      assumedRoleArn: `arn:aws:sts::123456789012:assumed-role/Reader/${id}`,
    };
  }

  async #send(): Promise<void> {
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      if (this.awsThinking !== null) await this.awsThinking.promise;
      else await Promise.resolve();
      if (this.failure !== null) throw this.failure;
    } finally {
      this.inFlight -= 1;
    }
  }
}

/**
 * What the contract and the service's own words allow of a state, written without looking at either's code.
 * @returns what is wrong, or null.
 */
export function faultOf({ activity, reason, serving, retryAt, error }: State): string | null {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
  if (serving !== null && !(time.test(serving.expiresAt) && time.test(serving.renewAt)))
    return 'serving: no times';
  if (serving !== null && serving.renewAt > serving.expiresAt) return 'renewal after expiry';
  if (retryAt !== null && !time.test(retryAt)) return 'retryAt: no time';
  if (reason === null && activity === 'needs-you') return 'who needs you has a reason';
  const mayWait = reason === 'touch' && (activity === 'connecting' || activity === 'renewing');
  if (reason !== null && activity !== 'needs-you' && !mayWait)
    return 'a reason is for who needs you, or waits for a touch';
  if (activity === 'connecting' && serving !== null) return 'connecting serves nothing yet';
  if (activity === 'renewing' && serving === null) return 'what is renewed is being served';
  if (activity === 'retrying' && retryAt === null) return 'retrying without a time';
  if (activity === 'failed' && serving !== null) return 'failed while good credentials are served';
  if (retryAt !== null && activity !== 'retrying' && reason !== 'token-absent')
    return 'a time to try that is not for it';
  if (['needs-you', 'retrying', 'failed'].includes(activity) && error === null)
    return 'a trouble without its error';
  if (activity === 'idle' && serving !== null && error !== null) return 'an error while all is well';
  return null;
}
