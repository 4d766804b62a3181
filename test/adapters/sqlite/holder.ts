import { openSqlitePlatform } from '#platform/sqlite.ts';

// A process that receives what there is in the queue of model_a, under a lease of ten minutes, and settles nothing.
const [folder = '', count = '1'] = process.argv.slice(2);
const platform = await openSqlitePlatform({ folder });
const stop = new AbortController();
const consumer = platform.queues('model_a').consume({ leaseSeconds: 600, signal: stop.signal });
for (let held = 0; held < Number(count); ) held += (await consumer.receive(10)).length;
const now = Date.now();
await platform.registry.putInstance({
  ...{ id: 'holder', model: 'model_a', state: 'ready', contractHash: 'c', slots: 1, inFlight: 1 },
  ...{ endpoint: 'http://127.0.0.1:1', image: 'test', runtimeVersion: '1', startedAt: now, heartbeatAt: now },
  expiresAt: now + 600_000,
});
process.stdout.write('held\n');
setInterval(() => undefined, 1000);
