import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEcsClient } from '#adapters/aws/clients.ts';
import { CloudWatchInstanceLogs } from '#adapters/aws/control/cloudwatch-instance-logs.ts';
import { EcsServices } from '#adapters/aws/ecs-control.ts';
import type { LogQuery } from '#core';
import { startFakeEcs } from '#test/support/fake-ecs.ts';
import { startFakeLogs } from '#test/support/fake-logs.ts';

const GROUP = 'log-of-yard-model-a:1';
const NOW = Date.parse('2026-11-21T12:00:00Z');
const MINUTE = 60_000;
const LAUNCH = { id: 'launch-1', taskId: 'task-2', createdAt: 0 };

let ecs: Awaited<ReturnType<typeof startFakeEcs>>;
let logs: Awaited<ReturnType<typeof startFakeLogs>>;
let read: (query?: Partial<LogQuery>) => Promise<readonly string[]>;
let reader: CloudWatchInstanceLogs;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  ecs = await startFakeEcs();
  logs = await startFakeLogs({ pageSize: 3 });
  ecs.counts.set('yard-model-a', 1);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const connection = { region: 'us-east-1', credentials };
  const client = new CloudWatchLogsClient({ ...connection, endpoint: logs.url, maxAttempts: 1 });
  const ecsClient = await createEcsClient({ ...connection, endpoints: { ecs: ecs.url } });
  const services = new EcsServices({ client: ecsClient, cluster: 'cluster', servicePrefix: 'yard-' });
  const rows = { launches: () => Promise.resolve([LAUNCH]) };
  const clock = { now: () => NOW, sleep: () => Promise.resolve() };
  reader = new CloudWatchInstanceLogs({ client, services, rows, clock });
  read = async (query) => (await reader.logs('model_a', { limit: 100, ...query })).map(({ message }) => message);
  cleanups.push(
    () => client.destroy(),
    () => ecsClient.destroy(),
    ecs.close,
    logs.close,
  );
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const line = (ago: number, message: string, fields: object = {}) => ({
  timestamp: NOW - ago,
  message: JSON.stringify({ time: NOW - ago, level: 'info', message, ...fields }),
});

describe('the logs of a model on AWS', () => {
  it('are read of all its containers, whenever they were written, in the order of their times', async () => {
    logs.write(GROUP, 'it/model/task-1', line(20 * 24 * 60 * MINUTE, 'Ready.', { slots: 2 }), line(1, 'Ran.'));
    logs.write(GROUP, 'it/container/task-1', { timestamp: NOW - 5 * MINUTE, message: 'A server says something.' });
    logs.write('log-of-yard-model-b:1', 'it/model/task-9', line(1, 'Of another model.'));

    const lines = await reader.logs('model_a', { limit: 100 });

    expect(lines).toMatchObject([
      { at: NOW - 20 * 24 * 60 * MINUTE, instance: 'task-1', level: 'info', message: 'Ready.', fields: { slots: 2 } },
      { at: NOW - 5 * MINUTE, instance: 'task-1', level: 'info', message: 'A server says something.', fields: {} },
      { at: NOW - 1, instance: 'task-1', level: 'info', message: 'Ran.' },
    ]);
  });

  it('are the newest, over several pages, and older ones are not asked for', async () => {
    const written = Array.from({ length: 10 }, (_, at) => line(9000 - at, `Line ${at}.`));
    logs.write(GROUP, 'it/model/task-1', line(MINUTE, 'Before.'), ...written);

    expect(await read({ limit: 4 })).toEqual(['Line 6.', 'Line 7.', 'Line 8.', 'Line 9.']);
    expect(Math.min(...logs.asked.map(({ startTime = 0 }) => startTime))).toBe(NOW - 10_000);
  });

  it('of one instance come from its stream, also by the id of its launch', async () => {
    logs.write(GROUP, 'it/model/task-1', line(1, 'Of the first.'));
    logs.write(GROUP, 'it/model/task-2', line(2, 'Of the second.'));

    expect(await read({ instance: 'task-1' })).toEqual(['Of the first.']);
    expect(await read({ instance: 'launch-1' })).toEqual(['Of the second.']);
    expect(await read({ instance: 'nobody' })).toEqual([]);
  });

  it('of one task are found by CloudWatch, behind pages without any', async () => {
    const others = Array.from({ length: 20 }, (_, at) => line(5000 - at, 'Another.', { taskId: `other-${at}` }));
    logs.write(GROUP, 'it/model/task-1', ...others, line(1, 'Ran.', { taskId: 'wanted-1' }));

    expect(await read({ task: 'wanted-1' })).toEqual(['Ran.']);
    expect(await read({ task: 'wanted-1" or "' })).toEqual([]);
  });

  it('from a time on are asked for from that time on', async () => {
    logs.write(GROUP, 'it/model/task-1', line(2 * MINUTE, 'Before.'), line(MINUTE, 'Then.'), line(1, 'Now.'));

    expect(await read({ from: NOW - MINUTE })).toEqual(['Then.', 'Now.']);
    expect(Math.min(...logs.asked.map(({ startTime = 0 }) => startTime))).toBe(NOW - MINUTE);
  });

  it('end where one request has read enough, and have no gap', async () => {
    const many = Array.from({ length: 90 }, (_, at) => line(100_000 - at, `Before ${at}.`));
    logs.write(GROUP, 'it/model/task-1', ...many, line(1, 'Now.'));

    expect(await read()).toEqual(['Now.']);
    expect(logs.asked.length).toBeLessThanOrEqual(20);
  });

  it('say that they cannot be reached', async () => {
    await logs.close();

    await expect(read()).rejects.toMatchObject({ code: 'registry_unavailable' });
  });
});
