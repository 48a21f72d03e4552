/** Whether the service through which YubiKeys and smart cards are reached answers, and who is kept from it. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { ReaderServiceState } from '../ports.ts';
import { readerTrouble } from '../tokens/reader-trouble.ts';
import { fine, problem, warning } from './finding.ts';
import type { Need } from './need.ts';

export interface ReaderFacts {
  readonly state: ReaderServiceState;
  readonly need: Need;
  /** The agent was started over ssh. */
  readonly overSsh: boolean;
  /** Name of the user, for a rule that lets them in. */
  readonly user: string | null;
}

const check = 'reader';

/** Nothing where it is a part of the system. */
export function judgeReader({ state, need, overSsh, user }: ReaderFacts): Finding[] {
  if (state.kind === 'built-in') return [];
  const subject = state.path;
  if (state.kind === 'answers') {
    return [fine(check, subject, `The smart card service pcscd answers (protocol ${state.version}).`)];
  }
  const { message, remedy } = readerTrouble(state, { overSsh, user });
  if (need === 'none') return [fine(check, subject, `${message} No account needs it.`)];
  return [(need === 'missed' ? problem : warning)(check, subject, message, remedy)];
}
