/**
 * An HTTP date in the one form servers may send (IMF-fixdate, RFC 9110, section 5.6.7), as milliseconds since the epoch;
 * null for anything else.
 */
export function parseHttpDate(text: string | undefined): number | null {
  if (text === undefined || !/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}
