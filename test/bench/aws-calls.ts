/**
 * `npm run bench:calls`: AWS calls per task in a backlog (submit, run, one read), on the emulators. Goal: 1 send, 2
 * writes, 1 read, a tenth of a receive and of a delete.
 */
import { getTask } from '#core';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createAwsPlatform } from '#platform/aws.ts';
import { countAwsCalls } from '#test/support/aws-calls.ts';
import { createTestWorkerOn } from '#test/support/test-worker.ts';

const TASKS = 1000;

const emulators = await startEmulators();
const settings = localAwsSettings(emulators);
await provision(settings, ['model_b']);
const { onCall, counts } = countAwsCalls();
const platform = createAwsPlatform({ ...settings, onCall });
const bench = createTestWorkerOn({ predict: (_state, { value }) => ({ value }) }, { platform, manifest: { slots: 8 } });

const tasks = [];
for (let value = 0; value < TASKS; value++) tasks.push(await bench.submit(value));
void bench.start();
while (bench.outcomes.length < TASKS) await platform.clock.sleep(20);
await bench.stop();
for (const { id } of tasks) await getTask(platform, { id, owner: 'local' });

for (const [call, count] of Object.entries(counts()).sort()) {
  process.stdout.write(`${call.padEnd(40)} ${(count / TASKS).toFixed(3)} per task\n`);
}
await platform.close();
await emulators.close();
