/** The AWS SDK for JavaScript v3 with its default chain of credential providers. See README.md. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { answer } from './answers.mjs';

const client = new STSClient({});

await answer({
  resolve: (profile) => fromNodeProviderChain(profile === undefined ? {} : { profile })(),
  call: async () => {
    const { Arn, $metadata } = await client.send(new GetCallerIdentityCommand({}));
    return { arn: Arn, requestId: $metadata.requestId };
  },
});
