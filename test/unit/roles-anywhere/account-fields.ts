/** An account for tests, as far as the protocol looks at one. */
import type { PreflightFields } from '../../../src/main/roles-anywhere/preflight.ts';
import type { RequestFields } from '../../../src/main/roles-anywhere/create-session-request.ts';

const id = '1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d';

export const accountFields: PreflightFields & RequestFields = {
  roleArn: 'arn:aws:iam::123456789012:role/Reader',
  profileArn: `arn:aws:rolesanywhere:eu-west-2:123456789012:profile/${id}`,
  trustAnchorArn: `arn:aws:rolesanywhere:eu-west-2:123456789012:trust-anchor/${id}`,
  region: 'eu-west-2',
  sessionDuration: 3600,
  roleSessionName: null,
  endpoint: null,
  useFipsEndpoint: false,
  useDualstackEndpoint: false,
  intermediates: null,
};
