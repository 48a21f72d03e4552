/** How a client is told which profile it is to use. */
import type { AwsClient } from '../../support/aws-clients/clients.ts';
import { textOf, type EnvironmentChange, type World } from '../../support/world/world.ts';

/** Added to a client's environment: it reads the profile that Rolekey wrote. */
export function using(profile: string, client: AwsClient, world: World): EnvironmentChange {
  return { AWS_PROFILE: profile, ...configFor(client, world) };
}

/**
 * Nothing where the client reads `~/.aws/config` as it is. For one that does not read double quotes, a copy with single
 * ones: what docs/known-issues.md tells its users to write.
 */
export function configFor(client: AwsClient, world: World): EnvironmentChange {
  if (client.readsQuotes) return {};
  const text = (textOf(world.configFile) ?? '').replaceAll(/^(credential_process = )"(.*)"/gm, "$1'$2'");
  return { AWS_CONFIG_FILE: world.file('single-quoted-config', text) };
}
