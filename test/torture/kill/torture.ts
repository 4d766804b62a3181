import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_UNCHARGED_LOSSES } from '#core';
import { manifest } from '#test/fixtures/torture/manifest.ts';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { Client } from './client.ts';
import type { Fleet } from './fleet.ts';
import { Ledger } from './ledger.ts';
import { startMembers } from './members.ts';
import type { TortureOptions } from './options.ts';
import { startPlatform } from './platforms.ts';
import { storm } from './storm.ts';
import { Submissions } from './submission.ts';

/** Called with a sentence about what happens. */
type Log = (text: string) => void;

export interface TortureReport {
  readonly accepted: number;
  /** Ended tasks by state. */
  readonly states: Readonly<Record<string, number>>;
  /** Answers of the API by status; 0 stands for no answer. */
  readonly answers: Readonly<Record<string, number>>;
  readonly violations: Ledger['violations'];
  /** Processes that killed processes left running. */
  readonly orphans: readonly string[];
  /** Seconds from the end of the storm until every task had ended. */
  readonly settledSeconds: number;
}

const READERS = 4;
const MAX_START_MS = 60_000;
const PROGRESS_MS = 10_000;
/** Longer than a lease and the pauses before another attempt. */
const STALLED_MS = 120_000;

/** Runs a system under load through a storm of faults, then waits until everything that it accepted has ended. */
export async function torture(options: TortureOptions, log: Log): Promise<TortureReport> {
  const { seed, platform, minutes, rate, settleSeconds } = options;
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-torture-'));
  const runsFile = join(folder, 'runs');
  const base = await startPlatform(platform);
  const fleet = await startMembers(base, { ...options, runsFile, random: pseudoRandom(seed) });
  try {
    const ledger = new Ledger({
      maxAttempts: manifest.maxAttempts,
      maxRuns: manifest.maxAttempts + MAX_UNCHARGED_LOSSES,
      onViolation: log,
    });
    const submissions = new Submissions(pseudoRandom(seed + 1), minutes * 60 + settleSeconds);
    const client = new Client({ urls: fleet.urls, ledger, submissions, random: pseudoRandom(seed + 2) });
    await untilServing(fleet);
    log(`Ready. Storm of ${minutes} minutes.`);
    const endsAt = performance.now() + minutes * 60_000;
    const over = AbortSignal.timeout(minutes * 60_000);
    const progress = setInterval(() => log(progressOf(ledger)), PROGRESS_MS);
    await Promise.all([
      storm({ fleet, endsAt, random: pseudoRandom(seed + 3), onFault: log }, over),
      client.submitAll(rate, over),
      ...Array.from({ length: READERS }, () => client.readAll(over)),
    ]);
    log(`The storm is over. ${progressOf(ledger)}`);
    const settledSeconds = await settle(client, ledger, settleSeconds);
    clearInterval(progress);
    await noteRuns(ledger, runsFile);
    await fleet.stop();
    return { ...reportOf(ledger, client, fleet), settledSeconds };
  } finally {
    await fleet.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits until a task runs through every gateway. */
async function untilServing({ urls, gateways, instances }: Fleet): Promise<void> {
  const endsAt = Date.now() + MAX_START_MS;
  for (const url of urls) {
    while (!(await isServing(url))) {
      if (Date.now() > endsAt) {
        throw new Error(`The system did not start:\n${[...gateways, ...instances].flatMap((m) => m.lines).join('\n')}`);
      }
      await sleep(200);
    }
  }
}

const isServing = (url: string): Promise<boolean> =>
  fetch(`${url}/models/${manifest.name}`).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Waits until every accepted task has ended or none ends any more, then reads all of them once more. */
async function settle(client: Client, ledger: Ledger, settleSeconds: number): Promise<number> {
  const startedAt = Date.now();
  const endsAt = startedAt + settleSeconds * 1000;
  let ended = 0;
  let stalledAt = startedAt + STALLED_MS;
  while (Date.now() < Math.min(endsAt, stalledAt) && ((await client.submitUnknown()) > 0 || ledger.open.length > 0)) {
    await readAll(client, ledger.open);
    const endedNow = ledger.accepted.length - ledger.open.length;
    if (endedNow > ended) stalledAt = Date.now() + STALLED_MS;
    ended = endedNow;
    await sleep(500);
  }
  ledger.noteOver();
  const settledSeconds = (Date.now() - startedAt) / 1000;
  await readAll(client, ledger.accepted);
  const listed = await client.list();
  if (listed) ledger.noteListed(listed);
  else ledger.noteAnswer('The listing of all tasks was not answered.');
  return settledSeconds;
}

async function readAll(client: Client, tasks: readonly Parameters<Client['read']>[0][]): Promise<void> {
  const queue = [...tasks];
  const readers = Array.from({ length: 10 }, async () => {
    for (let task = queue.pop(); task; task = queue.pop()) await client.read(task);
  });
  await Promise.all(readers);
}

async function noteRuns(ledger: Ledger, runsFile: string): Promise<void> {
  const ids = (await readFile(runsFile, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  for (const [id, runs] of Map.groupBy(ids, (id) => id)) ledger.noteRuns(id, runs.length);
}

function reportOf(ledger: Ledger, client: Client, { gateways, instances }: Fleet) {
  const states = Map.groupBy(ledger.accepted, ({ end }) => end?.state ?? 'open');
  return {
    accepted: ledger.accepted.length,
    states: Object.fromEntries([...states].map(([state, tasks]) => [state, tasks.length])),
    answers: Object.fromEntries(client.answers),
    violations: ledger.violations,
    orphans: [...gateways, ...instances].flatMap(({ orphans }) => orphans),
  };
}

const progressOf = (ledger: Ledger): string =>
  `${ledger.accepted.length} accepted, ${ledger.open.length} open, ${ledger.violations.length} violations.`;
