import { afterEach, beforeEach } from 'vitest';
import { createDynamoDbClient, createEcsClient } from '#adapters/aws/clients.ts';
import { ControlRows, EcsInstanceScaler, EcsServices } from '#adapters/aws/ecs-control.ts';
import { lateInstanceController } from '#adapters/aws/index.ts';
import type { InstanceController, InstanceScaler } from '#core';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { startFakeEcs } from '#test/support/fake-ecs.ts';

export const SERVICE = 'yard-gdp-growth-rate';
export const MODEL = 'gdp_growth_rate';
const PLACE = { cluster: 'cluster', servicePrefix: 'yard-' };

/** Instance control on a fake ECS whose services run tasks. `now` is its clock. */
export interface EcsControl {
  readonly ecs: Awaited<ReturnType<typeof startFakeEcs>>;
  readonly controller: InstanceController;
  readonly scaler: InstanceScaler;
  readonly rows: ControlRows;
  now: number;
}

/** Call at the top of a test file. The properties change with every test. */
export function useEcsControl(): EcsControl {
  const aws = useEmulatedAws();
  const control = {} as { -readonly [Name in keyof EcsControl]: EcsControl[Name] };
  const cleanups: (() => unknown)[] = [];

  beforeEach(async () => {
    const ecs = await startFakeEcs({ runsTasks: true });
    ecs.counts.set(SERVICE, 0);
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const { dynamodb: endpoint = '' } = aws.emulators.endpoints;
    const connection = { region: 'us-east-1', credentials, endpoints: { ecs: ecs.url, dynamodb: endpoint } };
    const table = await aws.newRegistryTable();
    const dynamodb = createDynamoDbClient(connection);
    const client = await createEcsClient(connection);
    control.now = Date.now();
    const clock = { now: () => control.now, sleep: () => Promise.resolve() };
    control.ecs = ecs;
    control.rows = new ControlRows({ client: dynamodb, table });
    const controller = lateInstanceController(connection, { ...PLACE, dynamodb, registryTable: table, clock });
    control.controller = controller;
    control.scaler = new EcsInstanceScaler({
      services: new EcsServices({ ...PLACE, client }),
      rows: control.rows,
      clock,
    });
    cleanups.push(
      () => controller.close(),
      () => ecs.close(),
      () => client.destroy(),
      () => dynamodb.destroy(),
    );
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  return control;
}
