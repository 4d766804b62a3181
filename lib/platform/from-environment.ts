import { ENV, readChoice } from './environment.ts';
import type { FullPlatform } from './platform.ts';

/** Platforms that a process can be told to run on, the default first. */
export const PLATFORMS = ['aws', 'rabbit-redis'] as const;

/**
 * The platform that the environment names, connected as far as it can be; only its own modules are loaded.
 * `onTrouble` is told, in one sentence, of each outage that the platform notices by itself. Rejects with a
 * sentence when a variable is missing or wrong, or when a server stays away.
 */
export async function platformFromEnvironment(
  env: NodeJS.ProcessEnv,
  onTrouble: (message: string) => void,
): Promise<FullPlatform> {
  if (readChoice(env, ENV.platform, PLATFORMS) === 'aws') {
    const { awsSettingsFrom, createFullAwsPlatform } = await import('./aws-full.ts');
    return createFullAwsPlatform(awsSettingsFrom(env));
  }
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
