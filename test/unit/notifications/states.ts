/** States of an account as the engine tells them. */
import { toErrorShape, AppError, type ErrorCode } from '../../../src/shared/errors.ts';
import { formatTime, type Reason, type State } from '../../../src/shared/model.ts';
import type { AccountView, FollowedView } from '../../../src/main/notifications/notification.ts';

export const now = Date.UTC(2026, 3, 14, 9, 0, 0);
export const second = 1000;
export const minute = 60 * second;
export const day = 24 * 60 * minute;

const idle: State = { activity: 'idle', reason: null, serving: null, retryAt: null, error: null };
const errorOf = (code: ErrorCode): State['error'] => toErrorShape(new AppError(code));

/** @param end milliseconds since the epoch. */
const served = (end: number): State['serving'] => ({
  expiresAt: formatTime(end),
  renewAt: formatTime(end - 30 * minute),
});

/** Nobody connected it, or somebody disconnected it. */
export const disconnected = idle;
export const serving = (end: number): State => ({ ...idle, serving: served(end) });
/** @param end of what is served still; null: nothing is. */
export const needs = (reason: Reason, end: number | null): State => ({
  ...idle,
  activity: 'needs-you',
  reason,
  serving: end === null ? null : served(end),
  error: errorOf('pin-needed'),
});
export const retrying = (end: number | null): State => ({
  ...idle,
  activity: 'retrying',
  serving: end === null ? null : served(end),
  retryAt: formatTime(now),
  error: errorOf('network-unreachable'),
});
export const connecting: State = { ...idle, activity: 'connecting' };
export const renewing = (end: number): State => ({ ...serving(end), activity: 'renewing' });
export const failed: State = { ...idle, activity: 'failed', error: errorOf('aws-access-denied') };
/** Tried again, since AWS did not take this computer's time. */
export const refusedForClock: State = { ...retrying(null), error: errorOf('clock-skew') };
export const expired: State = { ...idle, error: errorOf('session-expired') };

/** Of the token `T`, with no certificate known and a clock that is right. */
export const viewOf = (state: State, label = 'Dev', more: Partial<AccountView> = {}): AccountView => ({
  account: label.toLowerCase(),
  label,
  state,
  token: { label: 'T', serial: '1' },
  certificate: null,
  clockOffsetMs: 0,
  ...more,
});

/** As a situation sees it. */
export const followed = (view: AccountView, more: Partial<FollowedView> = {}): FollowedView => ({
  ...view,
  until: view.state.serving?.expiresAt ?? formatTime(now),
  reason: view.state.reason,
  isOwed: false,
  backUntil: null,
  ...more,
});
