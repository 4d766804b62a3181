import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { provision } from '#local/provision.ts';
import { awsEnvironment } from '#platform/aws.ts';
import { registryOutageContract } from '#test/contracts/registry-outage.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { openTableGate } from '#test/support/table-gate.ts';

const aws = useEmulatedAws();

registryOutageContract('embedded', async () => {
  const { region, credentials, registryTable } = aws.settings;
  const { endpoints } = aws.emulators;
  const gate = await openTableGate(endpoints.dynamodb, registryTable);
  const settings = { ...aws.settings, endpoints: { ...endpoints, dynamodb: gate.url } };
  await provision(aws.settings, ['model_b']);
  return {
    platform: aws.open(settings),
    environment: awsEnvironment(settings),
    gate,
    async forget(model, instance) {
      const client = new DynamoDBClient({
        endpoint: endpoints.dynamodb,
        ...(region ? { region } : {}),
        ...(credentials ? { credentials } : {}),
      });
      for (const [kind, name] of [
        ['model', model],
        ['instance', `${model}/${instance}`],
      ] as const) {
        const Key = { kind: { S: kind }, name: { S: name } };
        await client.send(new DeleteItemCommand({ TableName: registryTable, Key }));
      }
      client.destroy();
    },
  };
});
