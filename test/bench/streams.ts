import http from 'node:http';
import { parseArgs } from 'node:util';
import { startSystem } from './embedded/system.ts';
import { createClient } from './load/client.ts';

/**
 * `npm run bench:streams -- [--streams 1000] [--seconds 30]`: memory of `npm start` with many open streams of events of a
 * running task that tells its progress each second, beside its memory without streams. Also counts the events that
 * arrived, to show that all streams are served.
 */
const { values } = parseArgs({
  options: { streams: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '30' } },
});
const STREAMS = Number(values.streams);
const MB = 2 ** 20;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const system = await startSystem({ checkout: process.cwd(), name: 'sqlite', args: [], hasDataFolder: true });
try {
  const id = await submitLongTask();
  await pause(5000);
  const before = (await system.memory()) ?? 0;
  const counts = new Array<number>(STREAMS).fill(0);
  const agent = new http.Agent({ maxSockets: STREAMS });
  for (let at = 0; at < STREAMS; at++) await open(at);
  await pause(1000 * Number(values.seconds));
  const after = (await system.memory()) ?? 0;
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  process.stdout.write(
    `${STREAMS} streams for ${values.seconds} s: ${Math.round((after - before) / MB)} MB more than ${Math.round(before / MB)} MB; ` +
      `${fewest} to ${most} events each\n`,
  );
  agent.destroy();
  // Otherwise the instance would wait for its run.
  await fetch(`${system.url}/tasks/${id}/cancel`, { method: 'POST' });

  function open(at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = http.get(`${system.url}/tasks/${id}/events`, { agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`A stream was answered ${response.statusCode}.`));
        response.on('data', (chunk: Buffer) => {
          counts[at] = (counts[at] ?? 0) + chunk.toString().split('event: ').length - 1;
        });
        response.on('error', () => undefined);
        resolve();
      });
      request.on('error', reject);
    });
  }
} finally {
  await system.stop();
}

async function submitLongTask(): Promise<string> {
  using client = createClient(system.url, { 'Content-Type': 'application/json' });
  for (;;) {
    const body = '{"value": 1, "delay_seconds": 600}';
    const signal = AbortSignal.timeout(60_000);
    const answer = await client.ask({ method: 'POST', path: '/models/model_b/tasks', body, signal });
    if (answer.status === 202) return String(answer.body?.id);
    await pause(500);
  }
}
