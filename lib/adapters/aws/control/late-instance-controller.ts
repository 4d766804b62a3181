import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock, InstanceController } from '#core';
import { type AwsConnection, createEcsClient } from '../clients.ts';
import { late } from '../late.ts';
import type { EcsInstanceController } from './ecs-instance-controller.ts';

export interface LateControllerOptions {
  readonly cluster: string;
  /** The service name without the model name. */
  readonly servicePrefix: string;
  readonly dynamodb: DynamoDBClient;
  readonly registryTable: string;
  readonly clock: Clock;
}

/** Loads the controller with its SDK at first use, because most Lambdas never use it. */
export function lateInstanceController(
  connection: AwsConnection,
  { dynamodb, registryTable, clock, ...ecs }: LateControllerOptions,
): InstanceController & { close(): Promise<void> } {
  let loading: Promise<EcsInstanceController> | undefined;
  async function load(): Promise<EcsInstanceController> {
    const [client, { ControlRows, EcsInstanceController, EcsServices }] = await Promise.all([
      createEcsClient(connection),
      import('../ecs-control.ts'),
    ]);
    const services = new EcsServices({ ...ecs, client });
    const rows = new ControlRows({ client: dynamodb, table: registryTable });
    return new EcsInstanceController({ services, rows, clock });
  }
  function controller(): Promise<EcsInstanceController> {
    loading ??= load();
    return loading;
  }
  return {
    // Scaling removes the last idle instance, whatever the manifest says.
    sleeps: true,
    ...late(controller, ['list', 'launch', 'wake', 'stop']),
    async close() {
      (await loading)?.close();
    },
  };
}
