import { onTestFinished } from 'vitest';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import { type AwsLeft, loadAws } from './aws.ts';
import { MODEL } from './data-set.ts';
import { readFixture } from './fixture.ts';
import { upgradeContract } from './upgrade.contract.ts';

/** On emulators of its own, because the ids of the data set are fixed. */
upgradeContract('AWS', async () => {
  const emulators = await startEmulators();
  const settings = localAwsSettings(emulators);
  await provision(settings, [MODEL]);
  await loadAws(settings, readFixture<AwsLeft>('aws'));
  const platform = createFullAwsPlatform({ ...settings, pollSeconds: 1 });
  onTestFinished(async () => {
    await platform.close();
    await emulators.close();
  });
  return platform;
});
