import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { v7 as uuidV7 } from 'uuid';
import { contractOf } from '#contract';
import type { Task } from '#core';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { type RunningSystem, startSystem } from './embedded/system.ts';
import { createClient } from './load/client.ts';

/**
 * The cost of a submit and of a read beside an empty data folder when many finished tasks are in it, over HTTP:
 * npm run bench:growth -- [--tasks 1000000] [--rounds 5] [--requests 2000]. The two systems take turns.
 */
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '2000' },
  },
});
const TASKS = Number(values.tasks);
const REQUESTS = Number(values.requests);
const DAY_MS = 86_400_000;
/** The one local user. */
const OWNER = 'local';
const AT_ONCE = 1000;
const CONTRACT = contractOf(ModelARequest, ModelAResponse);
const RESULT = ModelAResponse.encode({ message: 'Processed message: example' });

const folders = await Promise.all([newFolder(), newFolder()]);
const [few, many] = await Promise.all([fill(folders[0], 1000), fill(folders[1], TASKS)]);
const file = await stat(join(folders[1], 'modelyard.db'));
process.stdout.write(`${TASKS} finished tasks are ${(file.size / 1e6).toFixed(0)} MB\n`);
const costs = { few: newCosts(), many: newCosts() };
const systems = await Promise.all(folders.map((dataFolder) => start(dataFolder)));
try {
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [index, cost] of [costs.few, costs.many].entries()) {
      const system = systems[index];
      const ids = [few, many][index];
      if (!system || !ids) continue;
      const submitted = await measure(system, () => ({
        ...{ method: 'POST', path: '/models/model_a/tasks', body: '{"data": "example"}' },
      }));
      const read = await measure(system, () => ({
        ...{ method: 'GET', path: `/tasks/${ids[Math.floor(Math.random() * ids.length)]}` },
      }));
      // The first round warms up.
      if (round > 0) {
        cost.submit.push(submitted);
        cost.read.push(read);
      }
    }
  }
} finally {
  await Promise.all(systems.map((system) => system.stop()));
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
}
for (const what of ['submit', 'read'] as const) {
  const [before, after] = [median(costs.few[what]), median(costs.many[what])];
  const more = ((after / before - 1) * 100).toFixed(1);
  process.stdout.write(
    `${what}: ${before.toFixed(0)} µs of CPU, beside ${TASKS} tasks ${after.toFixed(0)} µs (${more} %)\n`,
  );
}

function newCosts() {
  return { submit: [] as number[], read: [] as number[] };
}

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'modelyard-bench-'));
}

async function start(folder: string): Promise<RunningSystem> {
  const candidate = { name: folder, checkout: process.cwd(), args: ['--data', folder], hasDataFolder: false };
  const system = await startSystem(candidate);
  // On a busy machine the instance may register after the system has told that it is ready.
  while (!(await fetch(`${system.url}/models/model_a`)).ok) await sleep(100);
  return system;
}

/** Resolves with the ids of tasks that ended during the last day. */
async function fill(folder: string, count: number): Promise<readonly string[]> {
  const platform = await openSqlitePlatform({ folder });
  await platform.contracts.put(CONTRACT);
  const ids: string[] = [];
  while (ids.length < count) {
    const tasks = Array.from({ length: Math.min(AT_ONCE, count - ids.length) }, (_, index) =>
      finishedTask(Date.now() - DAY_MS + Math.floor(((ids.length + index) / count) * DAY_MS)),
    );
    await Promise.all(tasks.map((task) => platform.tasks.create(task)));
    for (const { id } of tasks) ids.push(id);
  }
  await platform.close();
  return ids;
}

function finishedTask(createdAt: number): Task {
  return {
    id: uuidV7({ msecs: createdAt }),
    model: 'model_a',
    owner: OWNER,
    state: 'succeeded',
    fence: 1,
    attempts: 1,
    contractHash: CONTRACT.hash,
    requestHash: 'f'.repeat(64),
    createdAt,
    deadlineAt: createdAt + DAY_MS,
    retainedUntil: createdAt + 8 * DAY_MS,
    startedAt: createdAt + 1,
    endedAt: createdAt + 3,
    result: { contractHash: CONTRACT.hash, payload: { kind: 'inline', bytes: RESULT } },
  };
}

interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** CPU microseconds of the system for each request. */
async function measure({ url, cpu }: RunningSystem, next: () => Request): Promise<number> {
  using client = createClient(url, { 'Content-Type': 'application/json' });
  const signal = AbortSignal.timeout(300_000);
  const before = (await cpu()) ?? 0;
  for (let done = 0; done < REQUESTS; done += 1) {
    const { status } = await client.ask({ ...next(), signal });
    if (status !== 200 && status !== 202) throw new Error(`A request was answered ${status}.`);
  }
  return (((await cpu()) ?? 0) - before) / REQUESTS;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
