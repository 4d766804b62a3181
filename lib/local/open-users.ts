import { join, resolve } from 'node:path';
import { ENV, readOptional } from '#platform/environment.ts';
import { rotateKeyFile } from '#platform/key-file.ts';
import { type FullPlatform, systemClock } from '#platform/platform.ts';

/** The users of a system, whether it runs or not. */
export type OpenUsers = Pick<FullPlatform, 'users' | 'clock' | 'close'>;

interface Place {
  /** A stage on AWS. */
  readonly stage?: string;
  /** The data folder of `npm start`. */
  readonly data?: string;
}

const DATA = '.modelyard';

/** Opens the users of a stage on AWS, of a data folder, or of the platform that the environment names. */
export async function openUsers({ stage, data }: Place, environment: NodeJS.ProcessEnv): Promise<OpenUsers> {
  if (stage !== undefined) return (await import('#platform/deployed-stage.ts')).openStageUsers(stage);
  if (data !== undefined || readOptional(environment, ENV.platform) === undefined) {
    const { openSqlitePlatform } = await import('#platform/sqlite.ts');
    return openSqlitePlatform({ folder: resolve(data ?? DATA) });
  }
  const { platformFromEnvironment } = await import('#platform/from-environment.ts');
  return platformFromEnvironment(environment, () => undefined);
}

/** Adds a key that signs tokens. Resolves with where the keys are. */
export async function rotateKeys({ stage, data = DATA }: Place, environment: NodeJS.ProcessEnv): Promise<string> {
  if (stage !== undefined) return (await import('#platform/deployed-stage.ts')).rotateStageKeys(stage);
  const path = readOptional(environment, ENV.keysFile) ?? join(data, 'signing-keys.json');
  await rotateKeyFile(path, systemClock.now());
  return path;
}
