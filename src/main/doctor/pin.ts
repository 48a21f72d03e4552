/** What a token tells of its PIN, and what a key asks of a person for each signature; no try is spent. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { TokenInfo } from '../../shared/model.ts';
import { pinLocked } from '../tokens/pin-locked.ts';
import type { SignerKey } from '../tokens/signer.ts';
import { fine, problem, warning } from './finding.ts';

export function judgePin(
  account: string,
  { kind, pin, label }: Pick<TokenInfo, 'kind' | 'pin' | 'label'>,
): Finding[] {
  const name = label || 'the token';
  if (pin.state === 'locked') {
    return [problem('pin', account, `The PIN of ${name} is locked.`, pinLocked(kind).remedy)];
  }
  if (pin.state === 'final') {
    const message = `One try is left before the PIN of ${name} locks.`;
    return [
      warning(
        'pin',
        account,
        message,
        'Be sure of the PIN before you type it; the right one gives all tries back.',
      ),
    ];
  }
  if (pin.state === 'low') {
    const left = pin.triesLeft === null ? 'Few' : String(pin.triesLeft);
    const message = `${left} tries are left before the PIN of ${name} locks.`;
    return [warning('pin', account, message, 'Connect and type the right PIN, which gives all tries back.')];
  }
  return [];
}

/** What keeps a key from renewing sessions by itself. No fault of anything, and worth knowing. */
export function judgePolicy(
  account: string,
  { touch, alwaysAuthenticate }: Pick<SignerKey, 'touch' | 'alwaysAuthenticate'>,
): Finding[] {
  const findings: Finding[] = [];
  if (touch === 'always' || touch === 'cached') {
    const when = touch === 'always' ? 'for every signature' : 'at most 15 seconds before a signature';
    const message = `The key wants to be touched ${when}, so nothing is renewed by itself: you are told before a session ends.`;
    findings.push(fine('touch', account, message));
  }
  if (alwaysAuthenticate) {
    const message =
      'The key wants the PIN for every signature: Rolekey gives the one you typed again, until it is forgotten.';
    findings.push(fine('pin', account, message));
  }
  return findings;
}
