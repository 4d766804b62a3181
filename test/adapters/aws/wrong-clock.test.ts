import { afterAll, beforeAll } from 'vitest';
import { provision } from '#local/provision.ts';
import { createAwsPlatform, openDynamoDb } from '#platform/aws.ts';
import type { Platform } from '#platform/platform.ts';
import { wrongClockContract } from '#test/contracts/wrong-clock.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();
const platforms: Platform[] = [];

beforeAll(() => provision(aws.settings, ['model_b']));
afterAll(() => Promise.all(platforms.map((platform) => platform.close())));

wrongClockContract('DynamoDB', async (ownClock) => {
  const platform = createAwsPlatform(aws.settings, openDynamoDb(aws.settings, ownClock));
  platforms.push(platform);
  // An instance registers and a gateway reads the registry before anything else.
  await platform.registry.snapshot();
  return platform;
});
