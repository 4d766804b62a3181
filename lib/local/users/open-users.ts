import { join, resolve } from 'node:path';
import { ENV, readOptional } from '#platform/environment.ts';
import { rotateKeyFile } from '#platform/key-file.ts';
import { type FullPlatform, systemClock } from '#platform/platform.ts';
import { askWorker, type RunStage, runHere } from './lifecycle-rows.ts';

/** Options of all commands. */
export const USERS_OPTIONS = {
  role: { type: 'string' },
  scopes: { type: 'string' },
  stage: { type: 'string' },
  data: { type: 'string' },
  export: { type: 'string' },
  prefix: { type: 'string' },
} as const;

export type UsersOptions = Partial<Record<keyof typeof USERS_OPTIONS, string>>;

/** The users of a system, whether it runs or not. */
export interface OpenedUsers extends Pick<FullPlatform, 'users' | 'clock' | 'close'> {
  /** Also opens the stores of their data. Closed with the users. */
  data(): Promise<UsersData>;
}

export interface UsersData extends FullPlatform {
  /** Runs a stage of the lifecycle. */
  readonly runStage: RunStage;
}

const DATA = '.modelyard';

/** Opens the users of a stage on AWS, of a data folder, or of the platform that the environment names. */
export async function openUsers({ stage, data }: UsersOptions, environment: NodeJS.ProcessEnv): Promise<OpenedUsers> {
  if (stage !== undefined) return openStage(stage);
  if (data !== undefined || readOptional(environment, ENV.platform) === undefined) {
    const { openSqlitePlatform } = await import('#platform/sqlite.ts');
    const platform = await openSqlitePlatform({ folder: resolve(data ?? DATA), environment });
    // The system of a data folder may be stopped.
    return withData(platform, runHere);
  }
  const { platformFromEnvironment } = await import('#platform/from-environment.ts');
  return withData(await platformFromEnvironment(environment, () => undefined), askWorker);
}

const withData = (platform: FullPlatform, runStage: (platform: FullPlatform) => RunStage): OpenedUsers => ({
  ...{ users: platform.users, clock: platform.clock },
  data: async () => ({ ...platform, runStage: runStage(platform) }),
  close: () => platform.close(),
});

async function openStage(stage: string): Promise<OpenedUsers> {
  const { openStageData, openStageUsers } = await import('#platform/deployed-stage.ts');
  const users = await openStageUsers(stage);
  let opened: Promise<UsersData> | undefined;
  return {
    ...users,
    data() {
      opened ??= openStageData(stage).then((platform) => ({ ...platform, runStage: askWorker(platform) }));
      return opened;
    },
    async close() {
      await users.close();
      await (await opened)?.close();
    },
  };
}

/** Adds a key that signs tokens. Resolves with where the keys are. */
export async function rotateKeys(
  { stage, data = DATA }: UsersOptions,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  if (stage !== undefined) return (await import('#platform/deployed-stage.ts')).rotateStageKeys(stage);
  const path = readOptional(environment, ENV.keysFile) ?? join(data, 'signing-keys.json');
  await rotateKeyFile(path, systemClock.now());
  return path;
}
