/**
 * The second wall against secrets in logs: values under names that hold secrets, and text that looks like one.
 * The first wall is that nobody passes a secret to the logger.
 */

const secretName =
  /secret|password|passphrase|passwd|\bpin\b|^pin|token$|session-?token|authorization|credential/i;
/** Names that match above and hold no secret. */
const harmlessName = /^(token|credentialsFile|credential-process)$/;

const secretTexts: readonly RegExp[] = [
  /\b(A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b/g, // AWS access key ids and unique ids
  /\bpin-value=[^&\s"]*/gi, // a query attribute of RFC 7512 ends at `&`
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bAWS4-X509-[^\s"]+ Credential=[^"]*/g,
  /\b[A-Za-z0-9/+]{80,}={0,2}/g, // session tokens; certificates look alike and are no loss
  // `name = value` and `"name": "value"` in text, also where its quotes are escaped
  /(secret|passw(or)?d|passphrase|(session|security)[-_]?token|\bpin\b|\bpin-?value)[\w-]{0,40}\\*["']?\s{0,4}[:=]\s{0,4}(\\*"[^"\\]*(\\.[^"\\]*)*|[^\s,;&"}]+)/gi,
];

/**
 * A copy of a JSON value without what looks secret. Under a name that holds secrets nothing stays but null, true and
 * false, whatever its shape.
 */
export function redact(value: unknown): unknown {
  if (typeof value === 'string')
    return secretTexts.reduce((text, pattern) => text.replace(pattern, '[redacted]'), value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) =>
      inner !== null && typeof inner !== 'boolean' && secretName.test(name) && !harmlessName.test(name)
        ? [name, '[redacted]']
        : [name, redact(inner)],
    ),
  );
}
