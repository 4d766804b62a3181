import { setTimeout as sleep } from 'node:timers/promises';
import { alerts } from '#lifecycle/alerts/service.ts';
import { alertsDatabase } from '#lifecycle/alerts/tables.ts';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

// Observes windows of a folder and reports alerts, until it is killed or nothing is left. Its clock is ahead by `aheadMs`.
const [folder = '', aheadMs = '0', stages = '[]'] = process.argv.slice(2);
const environment = { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' };
const opened = await openSqlitePlatform({ folder, environment });
const clock = { ...opened.clock, now: () => Date.now() + Number(aheadMs) };
const lifecycle = await openLifecycle({ ...opened, clock }, silentLogger);
const { query } = await alertsDatabase(lifecycle);
process.stdout.write('ready\n');

const run = { taskId: 'task', attempt: 1, owner: 'someone', signal: new AbortController().signal };
async function tick(): Promise<void> {
  await alerts.tick?.(lifecycle, { since: 0, until: clock.now() });
}
async function isPending(): Promise<boolean> {
  const pending = await query.selectFrom('deliveries').select('id').where('state', '=', 'pending').execute();
  return pending.length > 0;
}

for (const { stage, args } of JSON.parse(stages)) {
  await lifecycle.perform(`alerts.${stage}`, args, run);
  await tick();
}
// Reports that a killed process had begun are free again after its lease.
while (await isPending()) {
  await tick();
  await sleep(20);
}
await opened.close();
