import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

// Asks an address again and again, on a thread of its own, and tells how long the slowest answer took.
const { url } = workerData as { readonly url: string };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let slowestMs = 0;

parentPort?.on('message', (asked) => {
  if (asked === 'start') slowestMs = 0;
  else parentPort?.postMessage(slowestMs);
});

const askOnce = (): Promise<void> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.on('end', resolve);
    }).on('error', reject);
  });

await askOnce();
parentPort?.postMessage('ready');
for (;;) {
  const from = performance.now();
  await askOnce();
  slowestMs = Math.max(slowestMs, performance.now() - from);
  await sleep(5);
}
