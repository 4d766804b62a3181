import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { createDynamoDbClient, createSecretKeys, createSecretsClient, DynamoUserStore } from '#adapters/aws/index.ts';
import { ModelyardError } from '#core';
import { type FullPlatform, systemClock } from './platform.ts';

/**
 * Opens the users of a stage on AWS by the outputs of its stack, with the credentials and the region of the
 * environment. Rejects with one sentence when there is no such stage.
 */
export async function openStageUsers(stage: string): Promise<Pick<FullPlatform, 'users' | 'clock' | 'close'>> {
  const { UsersTable: table } = await outputsOf(`modelyard-${stage}`);
  if (table === undefined) throw new ModelyardError('internal', `The stage ${stage} keeps no users.`);
  const client = createDynamoDbClient({});
  return { users: new DynamoUserStore({ client, table }), clock: systemClock, close: async () => client.destroy() };
}

/** Adds a signing key to a stage. Resolves with the secret. Rejects where another issuer signs the tokens. */
export async function rotateStageKeys(stage: string): Promise<string> {
  const { SigningKeys: secret } = await outputsOf(`modelyard-${stage}`);
  if (secret === undefined) throw new ModelyardError('internal', `The stage ${stage} signs no tokens itself.`);
  const client = createSecretsClient({});
  try {
    await createSecretKeys({ client, secret }).rotate(systemClock.now());
    return secret;
  } finally {
    client.destroy();
  }
}

async function outputsOf(stack: string): Promise<Readonly<Record<string, string | undefined>>> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return Object.fromEntries(
      (found?.Outputs ?? []).map(({ OutputKey = '', OutputValue }) => [OutputKey, OutputValue]),
    );
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'ValidationError')) throw cause;
    throw new ModelyardError('internal', `This account has no stack ${stack} in this region.`, { cause });
  } finally {
    client.destroy();
  }
}
