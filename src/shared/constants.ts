/** Constants of the model for who needs no schemas: the command line loads none, to answer fast. */

/** An account's ID, which never changes. */
export const accountIdPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** C0, DEL, C1, line and paragraph separators, and the bidirectional controls of UAX #9: they steer who shows them. */
export const controlOrBidi =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** How credentials leave. */
export const outlets = ['credential-process', 'credentials-file', 'container-endpoint', 'none'] as const;

/** IAM Roles Anywhere takes 900 to 43,200 seconds (user guide, CreateSession). */
export const sessionDurationRange = { min: 900, max: 43_200, default: 3600 } as const;

/** The state of an account nobody connected. */
export const idleState = {
  activity: 'idle',
  reason: null,
  serving: null,
  retryAt: null,
  error: null,
} as const;

/** How the note of an import begins on a path that was kept, taken from the home directory. */
export const relativeReason = 'the path is relative and was taken from your home directory';

/** Fields `--unset` may take back to their default. */
export const unsettableFields = [
  'label',
  'group',
  'favourite',
  'region',
  'sessionDuration',
  'roleSessionName',
  'certificate',
  'intermediates',
  'pkcs11Lib',
  'awsProfile',
  'profileRegion',
  'outlet',
  'endpoint',
  'useFipsEndpoint',
  'useDualstackEndpoint',
] as const;

export type UnsettableField = (typeof unsettableFields)[number];

/** Pages the window can have opened in the user's browser; where they lead is the main side's to know. */
export const links = ['roles-anywhere-guide', 'trust-anchors-guide'] as const;
export type Link = (typeof links)[number];

/** Who asks where the app's own window does: a person who just clicked there. */
export const askedByWindow = 'the Rolekey window';

/** Who asks where nobody does: a session is renewed by itself. */
export const askedByRenewal = 'Rolekey itself, which renews the session';

/** With how many minutes left of a session a person is asked for what its renewal needs, once each. */
export const askingAtMinutes = [15, 5] as const;
