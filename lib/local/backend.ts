import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { queuesOnDemand } from '#local/emulators.ts';
import { callDaysFrom, ENV } from '#platform/environment.ts';
import { lifecycleFilesIn } from '#platform/lifecycle-databases.ts';
import { outboundHostsFrom } from '#platform/outbound.ts';
import type { FullPlatform } from '#platform/platform.ts';
import type { Durability } from '#platform/sqlite.ts';
import type { BackendName, LocalOptions } from './options.ts';

/** The platform of a local system and the environment of its instances. */
export interface Backend {
  readonly platform: FullPlatform;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether tasks are kept when this process ends. */
  readonly keepsTasks: boolean;
  taskQueueOf(model: string): string;
  /** Creates the queues of a model that was unknown at the start. */
  addModel(model: string): Promise<void>;
  close(): Promise<void>;
}

export interface BackendOptions extends Pick<LocalOptions, 'dataFolder' | 'isDurable'> {
  readonly environment: NodeJS.ProcessEnv;
  /** Models that are known at the start. */
  readonly models: readonly string[];
  /** Called with one sentence per outage. */
  readonly onTrouble: (message: string) => void;
}

/** Rejects with one sentence when a requirement is missing. */
export const startBackend: Readonly<Record<BackendName, (options: BackendOptions) => Promise<Backend>>> = {
  sqlite: startSqlite,
  aws: startEmulatedAws,
  'rabbit-redis': startRabbitRedis,
};

async function startSqlite({ dataFolder, isDurable, environment }: BackendOptions): Promise<Backend> {
  const { openSqlitePlatform, sqliteEnvironment, sqliteTaskQueueOf, takeDataFolder } = await import(
    '#platform/sqlite.ts'
  );
  const data = await takeDataFolder(dataFolder === undefined ? undefined : resolve(dataFolder));
  try {
    const settings = {
      folder: data.folder,
      durability: durabilityOf({ dataFolder, isDurable }),
      callDays: callDaysFrom(environment),
    };
    const platform = await openSqlitePlatform({ ...settings, isChecked: true, environment });
    return {
      platform,
      environment: sqliteEnvironment(settings),
      keepsTasks: dataFolder !== undefined,
      taskQueueOf: sqliteTaskQueueOf,
      // Queues are rows, so there is nothing to create.
      addModel: async () => undefined,
      async close() {
        await platform.close();
        await data.release();
      },
    };
  } catch (error) {
    await data.release();
    throw error;
  }
}

function durabilityOf({ dataFolder, isDurable }: Pick<BackendOptions, 'dataFolder' | 'isDurable'>): Durability {
  if (dataFolder === undefined) return 'none';
  return isDurable ? 'power' : 'process';
}

async function startEmulatedAws({ models, environment }: BackendOptions): Promise<Backend> {
  const [{ startEmulators }, { ARTIFACT_BUCKET, localAwsSettings, provision, taskQueueOf }] = await Promise.all([
    import('./emulators.ts'),
    import('./provision.ts'),
  ]);
  const [{ awsEnvironment }, { createFullAwsPlatform }] = await Promise.all([
    import('#platform/aws.ts'),
    import('#platform/aws-full.ts'),
  ]);
  const emulators = await startEmulators();
  const settings = {
    ...localAwsSettings(emulators),
    callDays: callDaysFrom(environment),
    outboundHosts: outboundHostsFrom(environment),
  };
  await provision(settings, models);
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-lifecycle-'));
  const stores = { ...lifecycleFilesIn(folder), [ENV.artifacts]: `s3://${ARTIFACT_BUCKET}/artifacts/` };
  // What the environment names is elsewhere.
  const named = Object.entries(stores).filter(([name]) => !environment[name]);
  const lifecycle = { ...Object.fromEntries(named), [ENV.s3Endpoint]: emulators.endpoints.s3 };
  const aws = createFullAwsPlatform(settings, { environment: { ...environment, ...lifecycle } });
  const addModel = (model: string) => provision(settings, [model]);
  const platform = { ...aws, queues: queuesOnDemand(aws.queues, { known: models, create: addModel }) };
  return {
    platform,
    environment: { ...awsEnvironment(settings), ...lifecycle },
    keepsTasks: false,
    taskQueueOf,
    addModel,
    async close() {
      await platform.close();
      await emulators.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startRabbitRedis({ environment, onTrouble }: BackendOptions): Promise<Backend> {
  const { createRabbitRedisPlatform, rabbitRedisEnvironment, rabbitRedisSettingsFrom, rabbitTaskQueueOf } =
    await import('#platform/rabbit-redis.ts');
  const settings = rabbitRedisSettingsFrom(environment);
  const platform = createRabbitRedisPlatform({ ...settings, onTrouble });
  try {
    await platform.connect();
  } catch (error) {
    await platform.close();
    throw error;
  }
  return {
    platform,
    environment: rabbitRedisEnvironment(settings),
    keepsTasks: true,
    taskQueueOf: (model) => rabbitTaskQueueOf(settings, model),
    // Users of a queue declare it.
    addModel: async () => undefined,
    close: () => platform.close(),
  };
}
