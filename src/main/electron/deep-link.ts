/** Links that open the app. They come from any web page, so all they can say is a screen of this list. */

/** The screens a link can open. */
export const linkedScreens = ['accounts'] as const;
export type LinkedScreen = (typeof linkedScreens)[number];

export const linkScheme = 'rolekey';

/** Every link there is. Browsers and systems put a `/` behind a bare host. */
const links: ReadonlyMap<string, LinkedScreen> = new Map(
  linkedScreens.flatMap((screen) => [
    [`${linkScheme}://${screen}`, screen],
    [`${linkScheme}://${screen}/`, screen],
  ]),
);

/**
 * The screen a link opens; null for whatever is not such a link to the letter. It is compared and never taken apart, so
 * that no encoding of it means something to us that it does not mean to others.
 */
export function deepLink(text: string): LinkedScreen | null {
  return links.get(text) ?? null;
}

/** The screen that the arguments of a start ask for: that of the first argument that is a link. Null where none is. */
export function deepLinkIn(argv: readonly string[]): LinkedScreen | null {
  const link = argv.find((argument) => links.has(argument));
  return link === undefined ? null : deepLink(link);
}
