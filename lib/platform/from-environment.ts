import { ENV, readChoice } from './environment.ts';
import type { FullPlatform } from './platform.ts';

/** The values of `PLATFORM`, the default first. */
const PLATFORMS = ['aws', 'rabbit-redis'] as const;

/**
 * Creates the platform that `PLATFORM` names and connects to its servers. Loads only the modules of that platform.
 * `onTrouble` receives one sentence per outage. Rejects when a variable is missing or malformed, or when a server does
 * not answer in time.
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
