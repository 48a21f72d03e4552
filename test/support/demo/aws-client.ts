/** A real AWS client that knows nothing of Rolekey: Debian's AWS CLI, or the AWS SDK for JavaScript where there is none. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { runProgram } from '../world/program.ts';

/** By its full path: another `aws` (pip's, version 1) may come first on PATH. */
const awsCli = '/usr/bin/aws';

export const awsClientName = existsSync(awsCli) ? 'AWS CLI' : 'AWS SDK for JavaScript';

/**
 * STS GetCallerIdentity as a named profile, like `aws sts get-caller-identity --profile PROFILE`.
 * @param env HOME decides which AWS files are read.
 * @param endpoint of STS.
 * @returns the ARN of the caller. @throws Error with what the client said.
 */
export async function callerArn(
  profile: string,
  env: Readonly<Record<string, string>>,
  endpoint: string,
): Promise<string> {
  const [program, args] = existsSync(awsCli)
    ? ([awsCli, ['--endpoint-url', endpoint, '--profile', profile, 'sts', 'get-caller-identity']] as const)
    : ([process.execPath, ['--input-type=module', '--eval', sdkProgram(profile, endpoint)]] as const);
  const { code, stdout, stderr } = await runProgram(program, args, {
    env: { ...env, AWS_DEFAULT_REGION: 'eu-west-2', AWS_EC2_METADATA_DISABLED: 'true', AWS_PAGER: '' },
    cwd: resolve('.'), // where the SDK is found
    timeoutMs: 60_000,
  });
  if (code !== 0) throw new Error(`${awsClientName} as ${profile}: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { Arn: string }).Arn;
}

function sdkProgram(profile: string, endpoint: string): string {
  return `
    import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
    import { fromIni } from '@aws-sdk/credential-providers';
    const client = new STSClient({
      region: 'eu-west-2',
      endpoint: ${JSON.stringify(endpoint)},
      credentials: fromIni({ profile: ${JSON.stringify(profile)} }),
    });
    const { Arn } = await client.send(new GetCallerIdentityCommand({}));
    console.log(JSON.stringify({ Arn }));`;
}
