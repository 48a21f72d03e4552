import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseProfileArn, parseRoleArn } from '../../../src/main/roles-anywhere/arn.ts';
import { isAppError } from '../../../src/shared/errors.ts';

const visible = Array.from({ length: 0x7e - 0x21 + 1 }, (_, i) => String.fromCharCode(0x21 + i));
const account = fc.stringMatching(/^\d{12}$/);
const partition = fc.constantFrom('aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-eusc');
const path = fc
  .string({ unit: fc.constantFrom(...visible), maxLength: 40 })
  .map((text) => (text === '' ? '/' : `/${text}/`));
const name = fc.stringMatching(/^[A-Za-z0-9_+=,.@-]{1,64}$/);

it('a role ARN put together from parts comes apart into the same parts', () => {
  fc.assert(
    fc.property(partition, account, path, name, (partition, account, path, name) => {
      const text = `arn:${partition}:iam::${account}:role${path}${name}`;
      const arn = parseRoleArn(text);
      expect([arn.partition.id, arn.account, arn.path, arn.name]).toEqual([partition, account, path, name]);
      expect(`arn:${arn.partition.id}:iam::${arn.account}:role${arn.path}${arn.name}`).toBe(text);
    }),
  );
});

it('a profile ARN put together from parts comes apart into the same parts', () => {
  const region = fc.constantFrom('us-east-1', 'ap-southeast-12', 'il-central-1');
  fc.assert(
    fc.property(region, account, fc.uuid(), (region, account, id) => {
      const arn = parseProfileArn(`arn:aws:rolesanywhere:${region}:${account}:profile/${id}`);
      expect([arn.region, arn.account, arn.id]).toEqual([region, account, id]);
    }),
  );
});

it('any other text is refused with a code, in one line', () => {
  const nearly = fc
    .array(fc.oneof(fc.constantFrom('arn', 'aws', 'iam', '', 'role/x', '123456789012'), fc.string()))
    .map((parts) => parts.join(':'));
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' })), (text) => {
      try {
        expect(parseRoleArn(text).text).toBe(text);
      } catch (error) {
        if (!isAppError(error, 'arn-malformed')) throw error;
        expect(error.message).not.toMatch(/[\r\n]/);
      }
    }),
  );
});
