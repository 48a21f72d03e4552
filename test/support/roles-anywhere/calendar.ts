/**
 * A moment in UTC, milliseconds since the epoch; null for one that no calendar has, such as 31 February or hour 25, which
 * Date would carry over to the next month or day.
 * @param parts year, month (1 to 12), day, hour, minute, second.
 */
export function utcTime(parts: readonly number[]): number | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // unlike Date.UTC, this takes the year 99 for 99
  date.setUTCHours(hour, minute, second);
  const read = [
    ...[date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()],
    ...[date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()],
  ];
  return read.every((part, index) => part === parts[index]) ? date.getTime() : null;
}
