/** What a schema found wrong, in words for people: which field, and what is allowed. Values are never shown. */
import type * as z from 'zod';

type Issue = z.core.$ZodIssue;

/** The first thing a schema found wrong; there is always one. */
export function firstIssue(error: z.ZodError): Issue {
  const [issue] = error.issues;
  if (issue === undefined) throw error;
  return issue;
}

/** A field as a path in JSON: `accounts[2].region`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`))
    .join('');
  return text.replace(/^\./, '') || 'the document';
}

/** A field's predicate: `must be a region such as eu-west-2`. */
export function whatIsWrong(issue: Issue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `has an unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
    case 'invalid_type':
      return `is missing or not of type ${issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'too_small':
      return limited('at least', issue.minimum, issue.origin);
    case 'too_big':
      return limited('at most', issue.maximum, issue.origin);
    default:
      return issue.message;
  }
}

function limited(bound: string, limit: number | bigint, origin: string): string {
  if (origin === 'string') return `must be ${bound} ${String(limit)} characters long`;
  return origin === 'array'
    ? `must have ${bound} ${String(limit)} of them`
    : `must be ${bound} ${String(limit)}`;
}
