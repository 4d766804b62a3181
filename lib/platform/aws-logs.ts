import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { connectionOf } from '#adapters/aws/clients.ts';
import { CloudWatchInstanceLogs } from '#adapters/aws/control/cloudwatch-instance-logs.ts';
import { ControlRows, EcsServices } from '#adapters/aws/ecs-control.ts';
import { createEcsClient } from '#adapters/aws/index.ts';
import { late } from '#adapters/aws/late.ts';
import { awsSettingsFrom, openDynamoDb } from './aws.ts';
import type { Platform } from './platform.ts';

const TIMEOUT_MS = 5000;

/** The platform of a stage whose operators read what instances have logged. */
export function withLogs(platform: Platform, environment: NodeJS.ProcessEnv): Platform {
  const settings = awsSettingsFrom(environment);
  const { instances, clock } = platform;
  const { ecs, registryTable: table } = settings;
  if (!instances || !ecs) return platform;
  const load = async (): Promise<CloudWatchInstanceLogs> => {
    const services = new EcsServices({ ...ecs, client: await createEcsClient(settings) });
    const rows = new ControlRows({ client: openDynamoDb(settings).dynamodb, table });
    const client = new CloudWatchLogsClient(connectionOf(settings, undefined, TIMEOUT_MS));
    return new CloudWatchInstanceLogs({ client, services, rows, clock });
  };
  return { ...platform, instances: { ...instances, ...late(load, ['logs']) } };
}
