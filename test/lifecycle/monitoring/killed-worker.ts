import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

// Runs stages of a lifecycle on a folder, one after the other, until it is killed or all are done.
const [folder = '', stages = '[]'] = process.argv.slice(2);
const platform = await openSqlitePlatform({ folder });
const lifecycle = await openLifecycle(platform, silentLogger);
process.stdout.write('ready\n');
for (const { operation, args, taskId } of JSON.parse(stages)) {
  await lifecycle.perform(operation, args, {
    taskId,
    attempt: 1,
    owner: 'someone',
    signal: new AbortController().signal,
  });
  process.stdout.write(`${taskId}\n`);
}
await platform.close();
