import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inBatches, isInShare } from '#core';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { MODEL, pipelineOf } from '../../scripts/example/pipelines.ts';
import { surroundingsOn } from './rollouts/surroundings.ts';

// `npm run bench:rollouts` measures roll-outs on a real system; `-- shadow` measures one of canary, rollback and shadow, and
// `-- --platform rabbit-redis` (or `aws`) another platform.
// Exits with 1 when a canary of 10 % gets less than 8 % or more than 12 % of 5,000 tasks or a key changes its version, when
// a shadow costs more than max(3 %, 0.1 ms) of the median, or when a planted bad version is there after 15 seconds or costs
// an answer.
const TASKS = 5000;
const ROUNDS = 10;
const BLOCK = 20;
const BLOCKS = 25;
const OVERLOADED = [429, 503];
const LIMIT_MS = 15_000;
const EXAMPLE = fileURLToPath(new URL('../../scripts/example.ts', import.meta.url));
const REQUEST = JSON.stringify({ rate: 2.5, change_1y: -0.05, change_5y: -0.2 });

interface Rollout {
  readonly state: string;
  readonly version: string;
  readonly reasons: readonly string[];
  readonly tallies: readonly { readonly tasks: number; readonly dropped: number }[];
}

const say = (text: string) => process.stdout.write(`${text}\n`);
function check(isMet: boolean, text: string): void {
  say(`${isMet ? 'ok  ' : 'FAIL'} ${text}`);
  if (!isMet) process.exitCode = 1;
}

const { values, positionals: asked } = parseArgs({
  options: { platform: { type: 'string', default: 'sqlite' } },
  allowPositionals: true,
});
await using _servers = await surroundingsOn(values.platform);
await using system = await EmbeddedSystem.start();
const example = spawn(process.execPath, [EXAMPLE, system.url, '--first-half'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const [exitCode] = await once(example, 'exit');
if (exitCode !== 0) throw new Error(`The example ended with exit code ${exitCode}.`);

const send = (path: string, body: object, { method = 'POST', headers = {} } = {}) =>
  system.fetch(path, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

async function get<T>(path: string): Promise<T> {
  return (await (await system.fetch(path)).json()) as T;
}

/** The version that has answered. Undefined for an answer that is not a prediction. What was not accepted is repeated. */
async function predict(key?: string): Promise<string | undefined> {
  const headers = { 'Content-Type': 'application/json', ...(key === undefined ? {} : { 'Routing-Key': key }) };
  const response = await system.fetch(`/predict/${MODEL}`, { method: 'POST', headers, body: REQUEST });
  const { result } = (await response.json()) as { readonly result?: { readonly model_version: string } };
  if (OVERLOADED.includes(response.status)) {
    await sleep(200);
    return predict(key);
  }
  return response.status === 200 ? result?.model_version : undefined;
}

async function deploy(body: object): Promise<void> {
  const response = await send(`/models/${MODEL}/deployments`, body);
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
}

const newest = async () => (await get<{ rollouts: Rollout[] }>(`/models/${MODEL}/deployments?limit=1`)).rollouts[0];

/** Predicts until the instance has the newest roll-out. */
async function untilRunning(): Promise<void> {
  for (;;) {
    await predict();
    const [candidate, champion] = (await newest())?.tallies ?? [];
    if (candidate && champion && candidate.tasks + champion.tasks > 0) return;
    await sleep(200);
  }
}

async function measureCanary(): Promise<void> {
  const rule = { promote: false, max_error_rate: 1 };
  await deploy({ version: '2', force: true, strategy: 'canary', share: 0.1, key: 'header', rule });
  await untilRunning();
  const ask = async (keys: readonly string[]) => {
    const answers = new Map<string, string | undefined>();
    for (const batch of inBatches(keys, 32)) {
      await Promise.all(batch.map(async (key) => answers.set(key, await predict(key))));
    }
    return answers;
  };
  const keys = Array.from({ length: TASKS }, (_, at) => `customer-${at}`);
  const first = await ask(keys);
  const second = await ask(keys.slice(0, TASKS / 5));
  const counts = Map.groupBy(first.values(), (version) => version ?? 'failed');
  const share = (counts.get('2')?.length ?? 0) / TASKS;
  const moved = [...second].filter(([key, version]) => first.get(key) !== version).length;
  check(share > 0.08 && share < 0.12, `canary    ${(share * 100).toFixed(2)} % of ${TASKS} tasks, 10 % wanted`);
  check(moved === 0, `canary    ${moved} of ${second.size} keys went another way the second time`);
  check(!counts.has('failed'), `canary    ${counts.get('failed')?.length ?? 0} predictions failed`);
  await send(`/models/${MODEL}/rollback`, {});
}

/** Milliseconds of a block of predictions, one after the other. */
async function timesOf(keys: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const key of keys) {
    const startedAt = performance.now();
    await predict(key);
    times.push(performance.now() - startedAt);
  }
  return times;
}

const median = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;

/** Blocks with and without a shadow alternate many times a second, so that whatever else this machine does hits both. */
async function measureShadow(): Promise<void> {
  const share = 0.5;
  await deploy({ version: '2', strategy: 'shadow', share, key: 'header', rule: { max_latency_ratio: 1000 } });
  await untilRunning();
  const keys = Array.from({ length: 1000 }, (_, at) => `customer-${at}`);
  const [shadowed, alone] = [true, false].map((isIn) =>
    keys.filter((key) => isInShare(key, { salt: '2', share }) === isIn).slice(0, BLOCK),
  ) as [string[], string[]];
  await timesOf([...shadowed, ...alone]);
  const rounds: { alone: number; shadowed: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const times = { alone: [] as number[], shadowed: [] as number[] };
    for (let block = 0; block < BLOCKS; block++) {
      times.alone.push(...(await timesOf(alone)));
      times.shadowed.push(...(await timesOf(shadowed)));
    }
    rounds.push({ alone: median(times.alone), shadowed: median(times.shadowed) });
  }
  const [tally] = (await newest())?.tallies ?? [];
  await send(`/models/${MODEL}/rollback`, {});
  const costs = rounds.map((round) => round.shadowed - round.alone);
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / ROUNDS;
  const deviation = Math.sqrt(costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (ROUNDS - 1));
  // Student's t with nine degrees of freedom, 95 %.
  const half = (2.262 * deviation) / Math.sqrt(ROUNDS);
  const without = rounds.reduce((sum, round) => sum + round.alone, 0) / ROUNDS;
  const limit = Math.max(0.03 * without, 0.1);
  const interval = `${(mean - half).toFixed(3)} to ${(mean + half).toFixed(3)} ms`;
  const known = `p50 of ${without.toFixed(3)} ms; 95 % interval ${interval}; limit ${limit.toFixed(3)} ms`;
  check(mean < limit, `shadow    costs ${mean.toFixed(3)} ms (${known})`);
  say(`          it ran ${tally?.tasks} tasks and left out ${tally?.dropped}`);
}

/** A version that needs a field that no request has. */
async function trainBad(): Promise<string> {
  const versions = { known: 1, outcomes: 1 };
  const pipeline = pipelineOf({ name: 'bad', trainer: 'ridge', params: { alpha: 0.01 } }, versions);
  const features = ['rate', 'change_1y', 'rate_1y_ago'];
  const stages = pipeline.stages.slice(0, 3).map((stage) => {
    if (stage.name === 'train') return { ...stage, params: { ...stage.params, features } };
    if (stage.name !== 'join') return stage;
    // The gate compares it with the deployed version on the same rows.
    const columns = [...new Set([...features, 'change_5y'])].map((name) => `fertility_of_country:${name}`);
    return { ...stage, params: { ...stage.params, features: columns } };
  });
  await send('/pipelines/bad', { stages }, { method: 'PUT' });
  const { id } = (await (await send('/pipelines/bad/runs', {})).json()) as { id: string };
  for (;;) {
    const run = await get<{ state: string; stages: { output: { version?: string } }[] }>(`/pipelines/bad/runs/${id}`);
    if (run.state === 'succeeded') return String(run.stages.at(-1)?.output.version);
    if (run.state !== 'running') throw new Error('The bad version was not trained.');
    await sleep(200);
  }
}

async function measureRollback(): Promise<void> {
  const bad = await trainBad();
  for (const more of [{}, { strategy: 'canary', share: 0.5 }]) {
    const stop = new AbortController();
    const counts = { answered: 0, failed: 0, byBad: 0 };
    const predictUntilStopped = async () => {
      while (!stop.signal.aborted) {
        const version = await predict();
        counts.answered++;
        if (version === undefined) counts.failed++;
        else if (version === bad) counts.byBad++;
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, predictUntilStopped)).catch((error: unknown) => error);
    await deploy({ version: bad, force: true, ...more });
    const startedAt = performance.now();
    let rollout = await newest();
    while (rollout?.state === 'running' && performance.now() < startedAt + 4 * LIMIT_MS) {
      await sleep(100);
      rollout = await newest();
    }
    const ms = performance.now() - startedAt;
    stop.abort();
    await load;
    const name = 'strategy' in more ? 'canary of 50 %' : 'all tasks';
    const isBack = rollout?.state === 'rolled_back' && rollout.version === bad;
    check(isBack && ms <= LIMIT_MS, `rollback  of ${name}: ${(ms / 1000).toFixed(1)} s. ${rollout?.reasons.join(' ')}`);
    check(counts.failed === 0, `rollback  of ${name}: ${counts.failed} of ${counts.answered} predictions lost`);
  }
}

const PARTS = { canary: measureCanary, rollback: measureRollback, shadow: measureShadow };
for (const [name, measure] of Object.entries(PARTS)) if (asked.length === 0 || asked.includes(name)) await measure();
