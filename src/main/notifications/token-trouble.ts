/** Troubles that are a token's: told once for all accounts whose keys are on it. */
import type { Reason } from '../../shared/model.ts';
import type { FollowedView, Situation } from './notification.ts';
import { tokenKey } from './wording.ts';

/** @returns whose state says so. While something is tried for an account nothing shows that it is over. */
export function suffersFrom(reason: Reason): (view: FollowedView) => boolean {
  return ({ state, reason: before }) =>
    state.reason === reason || (isUnderWay(state.activity) && before === reason);
}

/** Whether something is tried, and its end will be told by the state. */
export function isUnderWay(activity: FollowedView['state']['activity']): boolean {
  return activity === 'connecting' || activity === 'renewing';
}

/** Names the view's token; accounts of which none is known share none. */
export function tokenGroup({ token, account }: FollowedView): string {
  return token === null ? `of ${account}` : tokenKey(token);
}

/** When a token's trouble may be told anew: once no account says it any more. */
export function overWithout(suffers: (view: FollowedView) => boolean): NonNullable<Situation['isOver']> {
  return (key, views) => !views.some((view) => tokenGroup(view) === key && suffers(view));
}
