/** What answers an AccountsModel in its tests. */
import type { AccountsModel } from '../../../../src/renderer/screens/accounts/accounts-model.ts';
import type { EventPayload, EventsAt } from '../../../../src/shared/api.ts';
import type { Answer } from '../../../../src/shared/bridge.ts';
import { AppError, toErrorShape, type ErrorCode, type ErrorShape } from '../../../../src/shared/errors.ts';
import type { Account, State } from '../../../../src/shared/model.ts';
import { state } from '../states.ts';

type AccountsBridge = ConstructorParameters<typeof AccountsModel>[0];
type Heard = EventsAt<'window'>;

export function account(id: string, rest: Partial<Account> = {}): Account {
  return {
    ...{ id, label: id.toUpperCase(), group: null, favourite: false },
    ...{ roleArn: 'arn:aws:iam::123456789012:role/Developer', profileArn: 'p', trustAnchorArn: 't' },
    ...{ region: 'eu-west-2', sessionDuration: 3600, roleSessionName: null, keys: ['/k.pem'] },
    ...{ certificate: null, intermediates: null, pkcs11Lib: null, awsProfile: id, profileRegion: null },
    ...{ outlet: 'credential-process', endpoint: null, useFipsEndpoint: false, useDualstackEndpoint: false },
    source: { kind: 'local' },
    ...rest,
  };
}

export function shape(code: ErrorCode): ErrorShape {
  return toErrorShape(new AppError(code));
}

type Given<Name extends keyof AccountsBridge['calls']> = Awaited<ReturnType<AccountsBridge['calls'][Name]>>;

export class FakeEngine {
  accounts: Account[];
  readonly states = new Map<string, State>();
  endpoints: Record<string, string> = {};
  failure: ErrorShape | null = null;
  connectAnswer: Given<'connect'> | Promise<Given<'connect'>> = { result: { results: [], notices: [] } };
  disconnectAnswer: Given<'disconnect'> = { result: { results: [] } };
  removeAnswer: Given<'removeAccount'> = { result: { removed: true } };
  copyAnswer: Given<'copyCommand'> = { result: { command: 'aws sts get-caller-identity' } };
  readonly asked: { readonly name: string; readonly input: unknown }[] = [];
  readonly #listeners = new Map<string, Set<(payload: never) => void>>();

  constructor(...ids: string[]) {
    this.accounts = ids.map((id) => account(id));
  }

  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  tell<Name extends Heard>(name: Name, payload: EventPayload<Name>): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(payload as never);
  }

  readonly bridge: AccountsBridge = {
    calls: {
      status: async (input) => this.#noted('status', input, this.#status()),
      accountsList: async (input) =>
        this.#noted('accountsList', input, {
          result: { accounts: structuredClone(this.accounts), endpoints: this.endpoints },
        }),
      connect: async (input) => this.#noted('connect', input, await this.connectAnswer),
      disconnect: async (input) => this.#noted('disconnect', input, this.disconnectAnswer),
      removeAccount: async (input) => this.#noted('removeAccount', input, this.removeAnswer),
      copyCommand: async (input) => this.#noted('copyCommand', input, this.copyAnswer),
      openLink: async (input) => this.#noted('openLink', input, { result: {} }),
    },
    on: (name, listener) => {
      const listeners = this.#listeners.get(name) ?? new Set();
      this.#listeners.set(name, listeners.add(listener));
      return () => listeners.delete(listener);
    },
  };

  #noted<Output>(name: string, input: unknown, answer: Answer<Output>): Answer<Output> {
    this.asked.push({ name, input });
    return answer;
  }

  #status(): Given<'status'> {
    if (this.failure !== null) return { error: this.failure };
    const accounts = this.accounts.map(({ id, label, awsProfile, outlet }) => ({
      ...{ account: id, label, awsProfile, outlet, state: this.states.get(id) ?? state() },
      ...{ assumedRoleArn: null, key: { uri: '/k.pem', token: null, serial: null, hardware: false } },
    }));
    const agent = {
      ...{ pid: 1, version: '0.1.0', protocol: 1 as const, startedAt: '2026-11-24T12:00:00Z' },
      ...{ mode: 'app' as const, credentialsFile: '/c', configFile: '/d' },
    };
    return { result: { agent, accounts, endpoints: this.endpoints } };
  }
}
