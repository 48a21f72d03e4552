/** An account as the notifications need to know it. */
import type { Account } from '../../shared/model.ts';
import type { AccountView } from '../notifications/notification.ts';
import type { SessionService } from './session-service.ts';

/** @param clockOffsetMs milliseconds the clock of its endpoint is ahead of this computer's; 0 while that is not known. */
export function viewOf(
  account: Account,
  sessions: Pick<SessionService, 'status'> & { certificate(id: string): AccountView['certificate'] },
  clockOffsetMs: number,
): AccountView {
  const { label, state, key } = sessions.status(account);
  const used = sessions.certificate(account.id);
  return {
    account: account.id,
    label,
    state,
    // Without the serial a token is not known from another of its make.
    token: key.serial === null ? null : { label: key.token ?? '', serial: key.serial },
    certificate: used && { sha256: used.sha256, notBefore: used.notBefore, notAfter: used.notAfter },
    clockOffsetMs,
  };
}
