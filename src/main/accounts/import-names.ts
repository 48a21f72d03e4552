/** Names for imported accounts: like the names they had, free, and of the contract's form. */

/** An account ID like `name`: lower case, other characters `-`; numbered where it is taken. */
export function freeId(name: string, taken: ReadonlySet<string>): string {
  const like = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 58)
    .replace(/-$/, '');
  return numbered(like || 'account', taken);
}

/**
 * An AWS profile like `name`. A section of that name in the AWS files is the user's and stays as it is, so the account
 * gets `NAME-rolekey` beside it: both work at once and can be compared. Moving over for good and keeping the name is
 * the user's own step, `rolekey accounts edit ID --aws-profile NAME --adopt`; the way back is to remove the account,
 * which restores the section. `default` is never taken by an import.
 */
export function freeProfile(name: string, taken: ReadonlySet<string>): string {
  const like = name
    .replace(/[^A-Za-z0-9_.@-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 50)
    .replace(/-$/, '');
  if (like !== '' && like.toLowerCase() !== 'default' && !taken.has(like)) return like;
  return numbered(`${like || 'account'}-rolekey`, taken);
}

function numbered(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  let number = 2;
  while (taken.has(`${base}-${String(number)}`)) number += 1;
  return `${base}-${String(number)}`;
}
