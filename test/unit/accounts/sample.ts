import type { AccountFields } from '../../../src/shared/api.ts';
import type { Account } from '../../../src/shared/model.ts';
import { makeAccount } from '../../../src/main/accounts/account-fields.ts';

export const roleArn = 'arn:aws:iam::111122223333:role/team/Dev-Admin';
export const profileArn =
  'arn:aws:rolesanywhere:eu-west-2:111122223333:profile/3f1c0a52-9a6e-4b1d-8f0e-2d7c5b9a1e44';
export const trustAnchorArn =
  'arn:aws:rolesanywhere:eu-west-2:111122223333:trust-anchor/8b7d9c10-1f2e-4a3b-9c4d-5e6f7a8b9c0d';
export const keyUri = 'pkcs11:token=Work%20key;id=%01;type=private';

export const fields: AccountFields = { roleArn, profileArn, trustAnchorArn, keys: [keyUri] };

export function sampleAccount(id: string, more: AccountFields = {}): Account {
  return makeAccount(id, { ...fields, ...more }, { allowDefault: false });
}
