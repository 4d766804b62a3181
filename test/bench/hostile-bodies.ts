/**
 * `npm run bench:hostile-bodies`: what the worst bodies of 10 MiB, and results as large, cost the gateway and whoever
 * else asks it. Goals: the event loop is never held up for more than 50 ms, a refused body costs at most 300 ms of CPU,
 * and memory stays below 20 times the body. CPU is that of the body: what the gateway takes while it is only watched is
 * measured first, and subtracted. `held` is the CPU time that the loop itself took between two turns: where it
 * is short and the delay is long, other threads or programs had the processor. `-- <text>` measures only what has the
 * text in its name. Ends with 1 when a goal is missed.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { HOSTILE_BODIES, HOSTILE_RESULTS } from './hostile-bodies/bodies.ts';
import { MODEL, type Usage } from './hostile-bodies/server.ts';

const WATCHED_MS = 2000;
const MAX_DELAY_MS = 50;
const MAX_REFUSED_CPU_MS = 300;
const MAX_MEMORY_FACTOR = 20;
const SERVER = fileURLToPath(new URL('hostile-bodies/server.ts', import.meta.url));
const PROBE = new URL('hostile-bodies/probe.ts', import.meta.url);
const PROTOBUF = 'application/x-protobuf';

const server = fork(SERVER, { execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'] });
const [{ url }] = (await once(server, 'message')) as [{ url: string }];
const probe = new Worker(PROBE, { workerData: { url: `${url}/healthz` } });
await once(probe, 'message');

interface Measured extends Usage {
  readonly status: number;
  /** The longest that a probe waited for `/healthz` meanwhile. */
  readonly waitedMs: number;
}

async function ask<T>(question: string): Promise<T> {
  server.send(question);
  const [answer] = await once(server, 'message');
  return answer as T;
}

/** CPU time that probes and timers take of each millisecond. */
let watchedShare = 0;

async function measure(send: () => Promise<Response>): Promise<Measured> {
  await ask('start');
  probe.postMessage('start');
  const response = await send();
  // To the end, without keeping it.
  for await (const _ of response.body ?? []);
  probe.postMessage('stop');
  const [waitedMs] = (await once(probe, 'message')) as [number];
  const usage = await ask<Usage>('stop');
  const cpuMs = usage.cpuMs - watchedShare * usage.elapsedMs;
  return { ...usage, cpuMs, status: response.status, waitedMs };
}

let rows = 0;
let misses = 0;

function report(name: string, size: number, { status, cpuMs, delayMs, heldMs, waitedMs, memoryBytes }: Measured): void {
  const isRefused = status >= 400;
  const factor = memoryBytes / size;
  const missed = [
    ...(delayMs > MAX_DELAY_MS ? ['delay'] : []),
    ...(isRefused && cpuMs > MAX_REFUSED_CPU_MS ? ['CPU'] : []),
    ...(factor > MAX_MEMORY_FACTOR ? ['memory'] : []),
    ...(status >= 500 ? ['status'] : []),
  ];
  rows += 1;
  if (missed.length > 0) misses += 1;
  const cells = [
    String(status).padStart(4),
    `${(size / 1e6).toFixed(1)} MB`.padStart(8),
    `${cpuMs.toFixed(0)} ms`.padStart(9),
    `${heldMs.toFixed(0)} ms`.padStart(8),
    `${delayMs.toFixed(0)} ms`.padStart(9),
    `${waitedMs.toFixed(0)} ms`.padStart(9),
    `${factor.toFixed(1)} ×`.padStart(8),
  ];
  process.stdout.write(
    `${name.padEnd(46)}${cells.join('')}${missed.length > 0 ? `  over: ${missed.join(', ')}` : ''}\n`,
  );
}

const send = (path: string, type: string, body: Uint8Array, wait = 0): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': type, Prefer: `wait=${wait}` },
    body: new Uint8Array(body),
  });

const wanted = process.argv[2] ?? '';
process.stdout.write(`${'body'.padEnd(46)} status    size      CPU    held    delay   others  memory\n`);

// The first body starts the thread.
await (await send(`/models/${MODEL}/tasks`, 'application/json', Buffer.alloc(200_000, ' '))).text();
await ask('start');
await sleep(WATCHED_MS);
const { cpuMs, elapsedMs } = await ask<Usage>('stop');
watchedShare = cpuMs / elapsedMs;
process.stdout.write(`watched only: ${(100 * watchedShare).toFixed(1)} % of a processor\n`);
for (const { name, type, bytes } of HOSTILE_BODIES) {
  const title = `${type === PROTOBUF ? 'protobuf: ' : ''}${name}`;
  if (!title.includes(wanted)) continue;
  const body = bytes();
  await ask('forget');
  report(title, body.length, await measure(() => send(`/models/${MODEL}/tasks`, type, body)));
}
for (const [name, bytes] of Object.entries(HOSTILE_RESULTS)) {
  if (!`result ${name}`.includes(wanted)) continue;
  const body = bytes();
  await ask('forget');
  const submitted = await send(`/models/${MODEL}/tasks`, PROTOBUF, body);
  const { id } = (await submitted.json()) as { readonly id: string };
  const paths = { 'result: ': `/models/${MODEL}/result?task_id=${id}`, 'task: ': `/tasks/${id}` };
  for (const [what, path] of Object.entries(paths)) {
    report(
      `${what}${name}`,
      body.length,
      await measure(() => fetch(`${url}${path}`, { headers: { Prefer: 'wait=5' } })),
    );
  }
  report(`flat: ${name}`, body.length, await measure(() => send(`/api/predict/${MODEL}`, PROTOBUF, body, 5)));
}

await probe.terminate();
server.disconnect();
process.stdout.write(`${misses} of ${rows} miss a goal.\n`);
process.exitCode = rows > 0 && misses === 0 ? 0 : 1;
