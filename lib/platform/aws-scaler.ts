import { ControlRows, EcsInstanceScaler, EcsServices } from '#adapters/aws/ecs-control.ts';
import { createEcsClient } from '#adapters/aws/index.ts';
import type { InstanceScaler } from '#core';
import { type AwsSettings, openDynamoDb } from './aws.ts';

/** Scales the ECS services of a stage. Undefined where the settings name no cluster. */
export function createAwsScaler(
  settings: AwsSettings,
  { clock, dynamodb }: ReturnType<typeof openDynamoDb> = openDynamoDb(settings),
): Promise<InstanceScaler> | undefined {
  const { ecs, registryTable: table } = settings;
  if (!ecs) return undefined;
  const rows = new ControlRows({ client: dynamodb, table });
  return createEcsClient(settings).then(
    (client) => new EcsInstanceScaler({ services: new EcsServices({ ...ecs, client }), rows, clock }),
  );
}
