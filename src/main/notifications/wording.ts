/** Sentences that name one account or a hundred, and the buttons below them. */
import type { AccountView, Button, TokenName } from './notification.ts';

/** How many are named; the others are counted. */
const mostNamed = 3;

/** `“A”`, `“A” and “B”`, `“A”, “B”, “C” and 97 others`. @param views at least one. */
export function named(views: readonly Pick<AccountView, 'label'>[]): string {
  const names = views.slice(0, mostNamed).map(({ label }) => `“${label}”`);
  const more = views.length - names.length;
  if (more > 0) return `${names.join(', ')} and ${more === 1 ? 'one other' : `${String(more)} others`}`;
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}

/** `“A”`, `3 accounts`. */
export function counted(views: readonly Pick<AccountView, 'label'>[]): string {
  return views.length === 1 ? named(views) : `${String(views.length)} accounts`;
}

/** The one form for one account, the other for several. */
export function byNumber(views: readonly unknown[], one: string, several: string): string {
  return views.length === 1 ? one : several;
}

/** `the token “YubiKey”`; null where it is not known which. */
export function tokenOf(views: readonly Pick<AccountView, 'token'>[]): string | null {
  const name = nameOf(views[0]?.token ?? null);
  return name === '' ? null : `the token “${name}”`;
}

/** What tells tokens apart. */
export function tokenKey(token: TokenName | null): string {
  return token === null ? '' : `${token.serial} ${token.label}`;
}

export function connectButton(views: readonly Pick<AccountView, 'account'>[]): Button {
  return { label: 'Connect', action: { kind: 'connect', accounts: views.map(({ account }) => account) } };
}

/** Shows the account, where it is a single one. */
export function showButton(views: readonly Pick<AccountView, 'account'>[]): Button {
  const [first] = views;
  const account = views.length === 1 && first !== undefined ? first.account : null;
  return { label: 'Show', action: { kind: 'open', account } };
}

export function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function nameOf(token: TokenName | null): string {
  if (token === null) return '';
  return token.label.trim() === '' ? token.serial : token.label.trim();
}
