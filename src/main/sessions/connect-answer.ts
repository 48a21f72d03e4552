/** What a connect answers of an account. */
import { AppError, toErrorShape } from '../../shared/errors.ts';
import type { State } from '../../shared/model.ts';

/**
 * The state with the reason why it does not serve, where the session itself has none to tell: what is under way or was
 * ended by somebody else is no trouble of its own.
 * @param state as it is when the answer is given.
 * @param isAsked whether a person is being asked for what opens the account's key.
 */
export function connectAnswer(state: State, isAsked: boolean): State {
  if (state.serving !== null || state.error !== null) return state;
  return { ...state, error: toErrorShape(reasonOf(state, isAsked)) };
}

function reasonOf({ activity, reason }: State, isAsked: boolean): AppError {
  if (activity === 'idle') {
    return new AppError('cancelled', { message: 'The account was disconnected meanwhile.' });
  }
  if (reason === 'touch') {
    return new AppError('touch-needed', {
      message: 'The token still waits for a touch.',
      remedy: 'Touch it while it blinks, or connect again and touch it then.',
    });
  }
  if (!isAsked) return new AppError('timed-out');
  return new AppError('pin-needed', {
    message: 'Somebody is still being asked for the PIN or passphrase.',
    remedy: 'Answer that question, or connect again and type it.',
  });
}
