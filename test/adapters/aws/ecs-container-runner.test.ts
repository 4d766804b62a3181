import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EcsContainerRunner } from '#adapters/aws/containers/ecs-container-runner.ts';
import { FolderExchange } from '#adapters/aws/containers/folder-exchange.ts';
import { ROOT } from '#local/instance-command.ts';
import { findDsqlProxy } from '#test/support/dsql-proxy.ts';
import { startRunningEcs } from '#test/support/running-ecs.ts';
import { type Emulator, startEmulator } from '../../../scripts/cloud/emulator.ts';

const BUCKET = 'artifacts';
const TASKS = {
  ...{ cluster: 'cluster', family: 'yard-container', subnets: ['subnet-1'], securityGroups: ['sg-1'] },
  ...{ assignPublicIp: true, executionRole: 'arn:aws:iam::000000000000:role/execution', logGroup: 'log' },
  ...{ region: 'us-east-1', helper: 'lifecycle:1' },
};
const emulatorPython = await findDsqlProxy('containers on the ECS of the emulator');
const ACCESS = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

describe('containers as tasks of ECS', () => {
  let storage: Awaited<ReturnType<typeof startFauxqs>>;
  let s3: S3Client;
  let scratch: string;
  let folder: string;

  beforeAll(async () => {
    storage = await startFauxqs({ port: 0, logger: false });
    storage.createBucket(BUCKET);
    s3 = new S3Client({ ...ACCESS, endpoint: storage.address, forcePathStyle: true });
    scratch = await mkdtemp(join(tmpdir(), 'modelyard-containers-'));
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(scratch, 'job-'));
    await Promise.all(['inputs', 'outputs'].map((name) => mkdir(join(folder, name))));
    await writeFile(join(folder, 'inputs', 'rows.csv'), '1\n2\n');
    await writeFile(join(folder, 'params.json'), '{"alpha":2}');
  });
  afterAll(async () => {
    s3?.destroy();
    await storage?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const runnerOn = (endpoint: string, tasks = TASKS) =>
    new EcsContainerRunner({
      ...{ client: new ECSClient({ ...ACCESS, endpoint }), tasks, pollMs: 20 },
      exchange: new FolderExchange({ client: s3, bucket: BUCKET, prefix: 'artifacts/' }),
    });
  const objects = async () => (await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))).Contents ?? [];
  const never = new AbortController().signal;

  describe('that run on this machine', () => {
    let ecs: Awaited<ReturnType<typeof startRunningEcs>>;
    const lines: string[] = [];
    const run = (command: readonly string[], image = 'busybox:1.37') =>
      runnerOn(ecs.url).run(
        { id: 'task-1', image, command, folder },
        { signal: never, onLine: (line) => lines.push(line) },
      );

    beforeEach(async () => {
      ecs = await startRunningEcs();
      return () => ecs.close();
    });

    it('get the folder, hand back their outputs, and leave nothing in the store', async () => {
      const code = await run([
        'sh',
        '-c',
        'wc -l < inputs/rows.csv > outputs/count.txt; cp params.json outputs/output.json',
      ]);

      expect(code).toBe(0);
      expect((await readFile(join(folder, 'outputs', 'count.txt'), 'utf8')).trim()).toBe('2');
      expect(await readFile(join(folder, 'outputs', 'output.json'), 'utf8')).toBe('{"alpha":2}');
      expect(await objects()).toEqual([]);
      expect(lines).toContainEqual(expect.stringContaining('log group log, stream stage/stage/1'));
    });

    it('have no role, no capabilities, and only the URLs of their own files', async () => {
      await run(['true']);

      const [definition] = ecs.definitions;
      const { containerOverrides = [] } = ecs.runs[0]?.overrides ?? {};
      expect(definition).not.toHaveProperty('taskRoleArn');
      expect(definition?.containerDefinitions?.map(({ name, image }) => [name, image])).toEqual([
        ['fetch', 'lifecycle:1'],
        ['stage', 'busybox:1.37'],
        ['store', 'lifecycle:1'],
      ]);
      expect(definition?.containerDefinitions?.[1]).toMatchObject({
        linuxParameters: { capabilities: { drop: ['ALL'] } },
      });
      expect(containerOverrides.find(({ name }) => name === 'stage')).toEqual({ name: 'stage', command: ['true'] });
    });

    it('end with the exit code of the stage', async () => {
      expect(await run(['sh', '-c', 'exit 3'])).toBe(3);
      expect(await objects()).toEqual([]);
    });

    it('say that an image cannot be started', async () => {
      await expect(run(['true'], 'missing:1')).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining('CannotPullContainerError'),
      });
    });
  });

  it.runIf(emulatorPython)(
    'are tasks of the emulator, which end with their stage and are replaced by its next attempt',
    { timeout: 60_000 },
    async () => {
      await using emulator: Emulator = await startEmulator({ root: ROOT, scratch, signal: never });
      const client = new ECSClient({ ...ACCESS, endpoint: emulator.endpoint });
      const iam = new IAMClient({ ...ACCESS, endpoint: emulator.endpoint });
      const Principal = { Service: 'ecs-tasks.amazonaws.com' };
      const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal }] };
      const role = { RoleName: 'execution', AssumeRolePolicyDocument: JSON.stringify(trust) };
      await iam.send(new CreateRoleCommand(role));
      iam.destroy();
      const stop = new AbortController();
      const tasksNow = async () => (await client.send(new ListTasksCommand({ cluster: 'cluster' }))).taskArns ?? [];
      const start = (signal: AbortSignal) => {
        const started = Promise.withResolvers<void>();
        const job = { id: 'task-2', image: 'busybox:1.37', command: ['true'], folder };
        const ended = runnerOn(emulator.endpoint).run(job, { signal, onLine: () => started.resolve() });
        ended.catch(started.reject);
        return { ended, started: started.promise };
      };
      const killed = start(stop.signal);
      await killed.started;
      const [first = ''] = await tasksNow();

      // The first worker has been killed: nobody waits for its task any more.
      const next = start(stop.signal);
      await next.started;
      const [second = '', ...others] = await tasksNow();
      const { tasks } = await client.send(new DescribeTasksCommand({ cluster: 'cluster', tasks: [first] }));
      stop.abort();

      expect(tasks).toMatchObject([{ lastStatus: 'STOPPED', startedBy: 'task-2' }]);
      expect(others).toEqual([]);
      expect(second).not.toBe(first);
      await expect(next.ended).rejects.toThrow('aborted');
      await expect(killed.ended).rejects.toThrow();
      expect(await tasksNow()).toEqual([]);
      client.destroy();
    },
  );
});
