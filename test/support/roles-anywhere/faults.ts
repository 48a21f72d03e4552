/** Faults on request: what a server, a proxy or a cable can do to a client. */
import { z } from 'zod';
import { parseArn } from './arn.ts';

const status5xx = z.int().min(500).max(599);
const redirectStatus = z.literal([301, 302, 303, 307, 308]);
const roleArn = z
  .string()
  .refine((text) => parseArn(text, 'role') !== null, { error: 'not the ARN of a role' });
export const credentialFields = [
  ...['credentialSet', 'assumedRoleUser', 'arn', 'credentials', 'accessKeyId', 'secretAccessKey'],
  ...['sessionToken', 'expiration', 'roleArn', 'subjectArn'],
] as const;

const common = {
  /** How many requests are hit; `until-cleared` for all from now on. */
  times: z.union([z.int().min(1), z.literal('until-cleared')]).default(1),
  /** Which requests are hit. */
  operation: z.enum(['create-session', 'get-caller-identity', 'federation']).default('create-session'),
};

const kinds = [
  // Modifiers: all that are active act on the same request.
  z.strictObject({ kind: z.literal('latency'), milliseconds: z.int().min(0), ...common }),
  z.strictObject({ kind: z.literal('date'), offsetSeconds: z.int(), ...common }),
  z.strictObject({ kind: z.literal('session-seconds'), seconds: z.int(), ...common }),
  /** The federation endpoint takes no SessionDuration, as for credentials of a chained role. */
  z.strictObject({ kind: z.literal('duration-refused'), ...common }),
  // Outcomes: one acts on a request, the oldest first.
  z.strictObject({
    kind: z.literal('throttle'),
    retryAfterSeconds: z.int().min(0).optional(),
    /** Retry-After as an HTTP date in place of seconds. */
    asDate: z.boolean().optional(),
    ...common,
  }),
  z.strictObject({ kind: z.literal('error'), status: status5xx.default(500), ...common }),
  z.strictObject({
    kind: z.literal('drop'),
    when: z.enum(['before-reading', 'before-answer', 'mid-answer']).default('before-answer'),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('redirect'),
    status: redirectStatus.default(307),
    location: z.string(),
    ...common,
  }),
  z.strictObject({ kind: z.literal('garbage'), ...common }),
  z.strictObject({ kind: z.literal('html'), ...common }),
  z.strictObject({ kind: z.literal('nothing'), ...common }),
  z.strictObject({ kind: z.literal('empty-credential-set'), ...common }),
  z.strictObject({
    kind: z.literal('spoiled-field'),
    field: z.enum(credentialFields),
    as: z.enum(['absent', 'null', 'empty']).default('absent'),
    ...common,
  }),
  z.strictObject({ kind: z.literal('other-role'), roleArn, ...common }),
] as const;

export const faultSchema = z.discriminatedUnion('kind', kinds);
/** A fault as a test writes it; what has a default may be left out. */
export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;
export type Operation = Fault['operation'];

const modifierKinds = ['latency', 'date', 'session-seconds', 'duration-refused'] as const;
export type Modifier = Extract<Fault, { kind: (typeof modifierKinds)[number] }>;
export type Outcome = Exclude<Fault, Modifier>;

const isModifier = (fault: Fault): fault is Modifier =>
  (modifierKinds as readonly string[]).includes(fault.kind);

/** What happens to one request. */
export class Fate {
  readonly modifiers: readonly Modifier[];
  readonly outcome: Outcome | null;

  constructor(modifiers: readonly Modifier[], outcome: Outcome | null) {
    this.modifiers = modifiers;
    this.outcome = outcome;
  }

  /** The newest active modifier of that kind. */
  modifier<K extends Modifier['kind']>(kind: K): Extract<Modifier, { kind: K }> | undefined {
    return this.modifiers.findLast((fault): fault is Extract<Modifier, { kind: K }> => fault.kind === kind);
  }

  get kinds(): string[] {
    return [...this.modifiers, ...(this.outcome === null ? [] : [this.outcome])].map(({ kind }) => kind);
  }
}

interface Pending {
  readonly fault: Fault;
  left: number;
}

export class Faults {
  #pending: Pending[] = [];

  /** @throws ZodError on a fault that is none. */
  add(input: FaultInput): void {
    const fault = faultSchema.parse(input);
    this.#pending.push({ fault, left: fault.times === 'until-cleared' ? Infinity : fault.times });
  }

  clear(): void {
    this.#pending = [];
  }

  get active(): readonly Fault[] {
    return this.#pending.map(({ fault }) => fault);
  }

  /** The fate of the next request; what it uses up is gone afterwards. */
  draw(operation: Operation): Fate {
    const hit = this.#pending.filter(({ fault }) => fault.operation === operation);
    const modifiers = hit.filter(({ fault }) => isModifier(fault));
    const outcome = hit.find(({ fault }) => !isModifier(fault));
    for (const pending of outcome === undefined ? modifiers : [...modifiers, outcome]) pending.left -= 1;
    this.#pending = this.#pending.filter(({ left }) => left > 0);
    return new Fate(
      modifiers.map(({ fault }) => fault).filter(isModifier),
      outcome === undefined ? null : (outcome.fault as Outcome),
    );
  }
}
