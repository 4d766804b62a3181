import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { knownCsv, outcomesCsv, readSeries } from '../../scripts/example/data.ts';
import { FEATURE_VIEW, MODEL, pipelineOf, VIEW } from '../../scripts/example/pipelines.ts';

// `npm run torture:pipelines` kills the whole system with SIGKILL at every boundary of the stages of a pipeline, and starts it
// again: from a file to a deployed version. Exits with 1 unless each run ends once and correctly, a second run skips
// everything, edited parameters run again from there, and a backfill of twelve months goes on in order.
const LIMIT_MS = 120_000;
const LOG_MS = 1000;

interface Stage {
  readonly name: string;
  readonly state: string;
  readonly started_at: string | null;
  readonly output: unknown;
}

interface Run {
  readonly id: string;
  readonly state: string;
  readonly logical_date: string;
  readonly created_at: string;
  readonly stages: readonly Stage[];
  readonly log?: readonly { readonly text: string }[];
}

const dataFolder = await mkdtemp(join(tmpdir(), 'modelyard-torture-'));
let system = await EmbeddedSystem.start({ inGroup: true, dataFolder });

async function call<T>(method: string, path: string, body?: string, type = 'application/json'): Promise<T> {
  const init = body === undefined ? { method } : { method, body, headers: { 'Content-Type': type } };
  const response = await system.fetch(path, init);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Ends every process at once, and starts the system again on what they have left. */
async function killAndRestart(): Promise<void> {
  const before = system;
  before.signalGroup('SIGKILL');
  await before.exit;
  system = await EmbeddedSystem.start({ inGroup: true, after: before });
}

async function untilRun(pipeline: string, id: string, isReached: (run: Run) => boolean): Promise<Run> {
  for (const startedAt = performance.now(); performance.now() < startedAt + LIMIT_MS; await sleep(20)) {
    const run = await call<Run>('GET', `/pipelines/${pipeline}/runs/${id}`);
    if (isReached(run)) return run;
  }
  throw new Error(`The run ${id} does not go on.`);
}

const isOver = ({ state }: Run): boolean => state !== 'running';
const statesOf = ({ stages }: Run): string => stages.map(({ name, state }) => `${name} ${state}`).join(', ');

function check(isMet: boolean, text: string): void {
  process.stdout.write(`${isMet ? 'ok  ' : 'FAIL'} ${text}\n`);
  if (!isMet) process.exitCode = 1;
}

const series = await readSeries();
const inbox = join(dataFolder, 'lifecycle', 'artifacts', 'inbox');
await mkdir(inbox, { recursive: true });
await writeFile(join(inbox, 'fertility.csv'), knownCsv(series));
await call('POST', '/datasets/fertility/files', JSON.stringify({ key: 'fertility.csv' }));
await call('PUT', '/recipes/clean', JSON.stringify({ source: { dataset: 'fertility' } }));
await call('POST', '/datasets/fertility_outcomes/files?name=outcomes.csv', outcomesCsv(series), 'text/csv');
await call('PUT', '/entities/country', JSON.stringify({ join_keys: ['country'] }));
await call('PUT', `/feature-views/${VIEW}`, JSON.stringify({ ...FEATURE_VIEW, source: { recipe: 'clean' } }));

interface Definition {
  readonly name: string;
  readonly alpha: number;
  /** The stage that runs even if its result is known. */
  readonly fresh?: string;
}

/** From materialized features to a trained version: what follows is never skipped, nor what comes before. */
function define({ name, alpha, fresh }: Definition, isWhole = false) {
  const pipeline = pipelineOf({ name, trainer: 'ridge', params: { alpha } }, { known: 1, outcomes: 1 });
  const [materialize, ...others] = pipeline.stages;
  const whole = [
    { name: 'ingest', uses: 'ingestion.ingest', params: { dataset: 'fertility', key: 'fertility.csv' } },
    { name: 'clean', uses: 'preprocessing.run-recipe', after: ['ingest'], params: { recipe: 'clean' } },
    { ...materialize, name: 'materialize', after: ['clean'] },
    ...others,
  ];
  const stages = isWhole ? whole : pipeline.stages.filter((stage) => stage.name !== 'deploy');
  const cached = stages.map((stage) => ({ ...stage, cache: stage.name !== fresh }));
  return call('PUT', `/pipelines/${name}`, JSON.stringify({ ...pipeline, stages: cached }));
}

const BOUNDARIES = ['ingest', 'clean', 'materialize', 'join', 'train', 'deploy'].flatMap((stage) => [
  { stage, at: 'start', isReached: (found: Stage) => found.started_at !== null },
  { stage, at: 'end', isReached: (found: Stage) => found.state === 'succeeded' || found.state === 'skipped' },
]);
for (const [index, { stage, at, isReached }] of BOUNDARIES.entries()) {
  await define({ name: 'whole', alpha: index + 1, fresh: stage }, true);
  const started = await call<Run>('POST', '/pipelines/whole/runs', '{}');
  await untilRun('whole', started.id, ({ stages }) => stages.some((each) => each.name === stage && isReached(each)));
  await killAndRestart();
  await untilRun('whole', started.id, isOver);
  // The log is written after the state.
  await sleep(LOG_MS);
  const run = await untilRun('whole', started.id, isOver);
  const ends = run.log?.filter(({ text }) => text.startsWith('The run has ended')).length;
  const { deployments } = await call<{ deployments: readonly { version: string }[] }>(
    'GET',
    `/models/${MODEL}/deployments`,
  );
  const decisions = deployments.filter(({ version }) => version === String(index + 1)).length;
  check(
    run.state === 'succeeded' && ends === 1 && decisions === 1,
    `killed at the ${at} of ${stage}: ${run.state}, ended ${ends} time, with ${decisions} decision on its version`,
  );
}

await define({ name: 'killed', alpha: BOUNDARIES.length });
const second = await call<Run>('POST', '/pipelines/killed/runs', '{}');
const skipped = await untilRun('killed', second.id, isOver);
check(
  skipped.stages.every(({ state }) => state === 'skipped'),
  `second run: ${statesOf(skipped)}`,
);
await define({ name: 'killed', alpha: 1000 });
const third = await call<Run>('POST', '/pipelines/killed/runs', '{}');
const edited = await untilRun('killed', third.id, isOver);
const states = edited.stages.map(({ state }) => state).join();
check(states === 'skipped,skipped,succeeded', `edited parameters: ${statesOf(edited)}`);

await define({ name: 'months', alpha: 2000 });
const months = JSON.stringify({ from: '2025-01-31', to: '2025-12-31', step: 'month' });
await call('POST', '/pipelines/months/backfill', months);
const listed = async () => (await call<{ runs: readonly Run[] }>('GET', '/pipelines/months/runs')).runs;
for (const startedAt = performance.now(); performance.now() < startedAt + LIMIT_MS; await sleep(100)) {
  if ((await listed()).length >= 5) break;
}
await killAndRestart();
await call('POST', '/pipelines/months/backfill', months);
let runs = await listed();
for (const startedAt = performance.now(); performance.now() < startedAt + LIMIT_MS; await sleep(200)) {
  runs = await listed();
  if (runs.length === 12 && runs.every(({ state }) => state === 'succeeded')) break;
}
const inOrder = runs.toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1)).map((run) => run.logical_date);
const isOrdered = inOrder.join() === inOrder.toSorted().join();
const succeeded = runs.filter(({ state }) => state === 'succeeded').length;
check(isOrdered && succeeded === 12, `backfill, killed in the fifth month: ${succeeded} of 12 succeeded, in order`);
await system[Symbol.asyncDispose]();
await rm(dataFolder, { recursive: true, force: true });
