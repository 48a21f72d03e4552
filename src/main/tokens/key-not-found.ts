/** What is said where modules do not show the key a PKCS#11 URI names. */
import { AppError } from '../../shared/errors.ts';
import type { HostToken } from './host/protocol.ts';
import { emptyUri, printUri, type Pkcs11Uri } from './uri.ts';

/** What a look through a module showed: the tokens that a URI may mean, and the names of all. */
interface Shown {
  readonly seen: readonly { readonly token: HostToken }[];
  readonly labels: readonly string[];
}

/** @returns AppError `module-missing`. */
export function noModule(): AppError {
  return new AppError('module-missing', { message: 'No PKCS#11 module was found on this computer.' });
}

/**
 * Says what was looked for, in the URI's own words, and what is there. A URI that was parsed holds no PIN.
 * @returns AppError `key-unknown` where a token is there that is meant, else `token-absent`.
 */
export function notFound(uri: Pkcs11Uri, looks: readonly Shown[]): AppError {
  const { token, manufacturer, serial, model, slotId, id, object } = uri;
  const seen = looks.flatMap((look) => look.seen);
  if (seen.length > 0) {
    const wanted = attributesOf({ id, object });
    const where = listOf(seen.map((one) => nameOf(one.token)));
    return new AppError('key-unknown', {
      message: `No key${wanted === '' ? '' : ` with ${wanted}`} on ${where}.`,
    });
  }
  const present = listOf(looks.flatMap(({ labels }) => labels));
  const wanted = attributesOf({ token, manufacturer, serial, model, slotId });
  if (wanted === '') return new AppError('token-absent', { message: 'No token is plugged in.' });
  if (present === '') {
    return new AppError('token-absent', { message: `No token matches ${wanted}; none is plugged in.` });
  }
  return new AppError('token-absent', {
    message: `No token matches ${wanted}; plugged in: ${present}.`,
    remedy: 'Plug it in and connect again, or copy the right URI from: rolekey tokens.',
  });
}

/** What a token is called in sentences. */
export function nameOf({ label, serial }: HostToken): string {
  return label || serial || 'a token without a name';
}

/** Each once: several modules may show one token. */
function listOf(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}

function attributesOf(some: Partial<Pkcs11Uri>): string {
  return printUri({ ...emptyUri, ...some }).slice('pkcs11:'.length);
}
