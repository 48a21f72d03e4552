/** An account while it is filled in: all text, as it stands in the fields. Pure. */
import type { AccountFields, CallInput } from '../../../shared/api.ts';
import type { Account, Outlet } from '../../../shared/model.ts';

export const textFields = [
  'id',
  'label',
  'group',
  'roleArn',
  'profileArn',
  'trustAnchorArn',
  'sessionDuration',
  'keys',
  'certificate',
  'intermediates',
  'awsProfile',
  'profileRegion',
] as const;
export type TextField = (typeof textFields)[number];

export interface FormValues extends Readonly<Record<TextField, string>> {
  readonly outlet: Outlet;
}

/** What a pasted line brings and no field shows. */
export type Carried = Pick<
  AccountFields,
  'roleSessionName' | 'pkcs11Lib' | 'endpoint' | 'useFipsEndpoint' | 'useDualstackEndpoint'
> & { readonly moreKeys?: readonly string[] };

export const emptyValues: FormValues = {
  id: '',
  label: '',
  group: '',
  roleArn: '',
  profileArn: '',
  trustAnchorArn: '',
  sessionDuration: '',
  keys: '',
  certificate: '',
  intermediates: '',
  awsProfile: '',
  profileRegion: '',
  outlet: 'credential-process',
};

/** The fields filled in as an account has them. */
export function valuesOf(account: Account): FormValues {
  return {
    id: account.id,
    label: account.label === account.id ? '' : account.label,
    group: account.group ?? '',
    roleArn: account.roleArn,
    profileArn: account.profileArn,
    trustAnchorArn: account.trustAnchorArn,
    sessionDuration: minutesText(account.sessionDuration),
    keys: account.keys[0] ?? '',
    certificate: account.certificate ?? '',
    intermediates: account.intermediates ?? '',
    awsProfile: account.awsProfile,
    profileRegion: account.profileRegion ?? '',
    outlet: account.outlet,
  };
}

/** What else the account has that is not the default. */
export function carriedOf(account: Account): Carried {
  const { roleSessionName, pkcs11Lib, endpoint, useFipsEndpoint, useDualstackEndpoint, keys } = account;
  return {
    ...(roleSessionName === null ? {} : { roleSessionName }),
    ...(pkcs11Lib === null ? {} : { pkcs11Lib }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(useFipsEndpoint ? { useFipsEndpoint } : {}),
    ...(useDualstackEndpoint ? { useDualstackEndpoint } : {}),
    ...(keys.length > 1 ? { moreKeys: keys.slice(1) } : {}),
  };
}

/** Whether the session length is one that can be sent. */
export function isNumberOfMinutes(text: string): boolean {
  return text.trim() === '' || /^\d{1,6}([.]\d{1,2})?$/.test(text.trim());
}

/** What the engine is asked about the form. Empty fields are left out: their defaults are the engine’s to know. */
export function inputOf(values: FormValues, carried: Carried): CallInput<'checkAccount'> {
  const { moreKeys = [], ...others } = carried;
  const fields: AccountFields = { ...others, outlet: values.outlet };
  for (const field of textFields) {
    const text = values[field].trim();
    if (text === '' || field === 'id') continue;
    if (field === 'keys') fields.keys = [text, ...moreKeys];
    else if (field === 'sessionDuration') {
      if (isNumberOfMinutes(text)) fields.sessionDuration = Math.round(Number(text) * 60);
    } else fields[field] = text;
  }
  return { id: values.id.trim(), fields };
}

/** @param seconds whole. */
function minutesText(seconds: number): string {
  return String(Math.round((seconds / 60) * 100) / 100);
}
