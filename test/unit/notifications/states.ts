/** States of an account as the engine tells them. */
import { toErrorShape, AppError, type ErrorCode } from '../../../src/shared/errors.ts';
import { formatTime, type Reason, type State } from '../../../src/shared/model.ts';
import type { AccountView } from '../../../src/main/notifications/notification.ts';

export const now = Date.UTC(2026, 3, 14, 9, 0, 0);
export const second = 1000;
export const minute = 60 * second;

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
export const expired: State = { ...idle, error: errorOf('session-expired') };

export const viewOf = (state: State, label = 'Dev'): AccountView => ({ account: 'dev', label, state });
