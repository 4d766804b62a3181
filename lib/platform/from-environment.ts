import { callDaysFrom, ENV, readChoice } from './environment.ts';
import type { FullPlatform } from './platform.ts';

/** The values of `PLATFORM`, the default first. */
const PLATFORMS = ['aws', 'rabbit-redis', 'sqlite'] as const;

/**
 * Creates the platform that `PLATFORM` names and connects to its servers. Loads only the modules of that platform.
 * `onTrouble` receives one sentence per outage. Rejects when a variable is missing or malformed, or when a server does
 * not answer in time.
 */
export async function platformFromEnvironment(
  env: NodeJS.ProcessEnv,
  onTrouble: (message: string) => void,
): Promise<FullPlatform> {
  const platform = readChoice(env, ENV.platform, PLATFORMS);
  if (platform === 'aws') {
    const { awsSettingsFrom, createFullAwsPlatform } = await import('./aws-full.ts');
    return createFullAwsPlatform({ ...awsSettingsFrom(env), callDays: callDaysFrom(env) }, { environment: env });
  }
  if (platform === 'sqlite') {
    const { openSqlitePlatform, sqliteSettingsFrom } = await import('./sqlite.ts');
    return openSqlitePlatform(sqliteSettingsFrom(env));
  }
  return connectRabbitRedis(env, onTrouble);
}

async function connectRabbitRedis(env: NodeJS.ProcessEnv, onTrouble: (message: string) => void): Promise<FullPlatform> {
  const { createRabbitRedisPlatform, rabbitRedisSettingsFrom } = await import('./rabbit-redis.ts');
  const platform = createRabbitRedisPlatform({ ...rabbitRedisSettingsFrom(env), onTrouble });
  try {
    await platform.connect();
  } catch (error) {
    await platform.close();
    throw error;
  }
  return platform;
}

/** As `platformFromEnvironment`, for code that runs inside a model process. */
export const platformOfThisProcess = (onTrouble: (message: string) => void): Promise<FullPlatform> =>
  platformFromEnvironment(process.env, onTrouble);
