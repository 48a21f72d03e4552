/** The pages of the web that the app can have opened in the user's browser: a closed list (security checklist, 15). */
import type { Link } from '../../shared/constants.ts';

const addresses: Readonly<Record<Link, string>> = {
  'roles-anywhere-guide': 'https://docs.aws.amazon.com/rolesanywhere/latest/userguide/introduction.html',
  'trust-anchors-guide': 'https://docs.aws.amazon.com/rolesanywhere/latest/userguide/getting-started.html',
};

/** Where a link of the list leads. */
export function addressOf(link: Link): string {
  return addresses[link];
}

/** The address itself where it is one of the list, to the letter; null for every other. */
export function externalLink(url: string): string | null {
  return Object.values(addresses).find((address) => address === url) ?? null;
}
