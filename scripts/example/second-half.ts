import { setTimeout as sleep } from 'node:timers/promises';
import type { DriftFinding } from '#core';
import type { ExampleClient } from './client.ts';
import { outcomesCsv, type Series } from './data.ts';
import type { Candidate } from './page.ts';
import { MODEL, pipelineOf, retrainingOf } from './pipelines.ts';
import { candidate, followRun, type Run, runPipeline, say } from './runs.ts';
import { type Answered, alertOn, driftedWindow, predictAll, reportOutcomes, untilFound } from './watch.ts';
import { knownUntil, type Observation, observationsOf } from './years.ts';

/** What the second half has shown. */
export interface Later {
  readonly url: string;
  readonly candidates: readonly Candidate[];
  /** Of the training years. */
  readonly before: readonly Observation[];
  readonly answered: readonly Answered[];
  readonly drift: readonly DriftFinding[];
  readonly alert: string;
}

/** Known when the model was trained, and the years that follow. */
const [TRAINED_UNTIL, FIRST_YEAR, LAST_YEAR] = [1980, 1990, 1996];
const LABELS = 'fertility_outcomes_known';
const WINDOW_SECONDS = 10;
const PIPELINES = [
  { name: 'retrain', trainer: 'ridge', params: { alpha: 0.01 } },
  { name: 'retrain-strong', trainer: 'ridge', params: { alpha: 5000 } },
] as const;

/**
 * Time goes on: a version that knows the years until 1980 predicts 1990 to 1996. The data is real, and so is its drift;
 * only the pace is not, because the years pass in seconds.
 */
export async function secondHalf(api: ExampleClient, series: readonly Series[], known: number): Promise<Later> {
  say(`Time goes on: a version that knows the years until ${TRAINED_UNTIL} predicts ${FIRST_YEAR} to ${LAST_YEAR}.`);
  const first = await upload(api, series, TRAINED_UNTIL);
  const early = pipelineOf(
    { name: 'early', trainer: 'ridge', params: { alpha: 0.01 } },
    { known, outcomes: first, labels: LABELS },
  );
  const stages = await runPipeline(api, { ...early, stages: early.stages.filter(({ name }) => name !== 'deploy') });
  const version = String(stages.find(({ name }) => name === 'train')?.output?.version);
  await api.send('PUT', `/models/${MODEL}/monitor`, { window_seconds: WINDOW_SECONDS, grace_seconds: 1 });
  // Older than the deployed version, so that the gate would refuse it; without a guard, which drift would call.
  await api.send('POST', `/models/${MODEL}/deployments`, { version, force: true, guard_seconds: 0 });
  for (const pipeline of PIPELINES) {
    await api.send('PUT', `/pipelines/${pipeline.name}`, retrainingOf(pipeline, { known, labels: LABELS }));
  }
  // What has become known meanwhile.
  await upload(api, series, LAST_YEAR);
  await untilServed(api, series, version);

  const years = observationsOf(series, FIRST_YEAR, LAST_YEAR);
  say(`Predicting ${years.length} rates of ${FIRST_YEAR} to ${LAST_YEAR} by version ${version}.`);
  const since = Date.now();
  const answered = await predictAll(api, years);
  say('Waiting until the window is judged.');
  const window = await untilFound(() => driftedWindow(api, version, since));
  if (!window) throw new Error('No drift was found: the window was not judged in time.');
  const drift = window.drift.filter(({ drifted }) => drifted);
  const findings = drift.map(({ feature, statistic, value }) => `${feature} (${statistic} ${value.toPrecision(3)})`);
  say(`Drift in ${window.predictions} predictions: ${findings.join(', ')}.`);
  const raised = await untilFound(() => alertOn(api));
  const alert = raised || `${MODEL}: drift of ${findings.join(', ')}.`;
  say(`Alert: ${alert}`);

  const candidates: Candidate[] = [];
  for (const { name } of PIPELINES) {
    const run = await untilFound(async () =>
      (await runsOf(api, name)).find((each) => Date.parse(each.created_at) >= since),
    );
    if (!run) throw new Error(`The drift has not started the pipeline ${name}.`);
    say(`Pipeline ${name}: started by the drift.`);
    candidates.push(await candidate(name, await followRun(api, name, run)));
  }
  const promoted = candidates.find(({ state }) => state === 'deployed')?.version ?? version;
  await untilServed(api, series, promoted);
  const again = await predictAll(api, observationsOf(series, LAST_YEAR + 1, LAST_YEAR + 3));
  await reportOutcomes(api, [...answered, ...again]);
  say(
    `Reported ${answered.length + again.length} outcomes. Version ${promoted} predicts the years from ${LAST_YEAR + 1} on.`,
  );
  return {
    url: api.url,
    candidates,
    before: observationsOf(series, 0, TRAINED_UNTIL),
    answered: [...answered, ...again],
    drift,
    alert,
  };
}

async function upload(api: ExampleClient, series: readonly Series[], year: number): Promise<number> {
  const path = `/datasets/${LABELS}/files?name=until-${year}.csv`;
  return (await api.upload<{ readonly version: number }>(path, outcomesCsv(knownUntil(series, year)))).version;
}

const runsOf = async (api: ExampleClient, pipeline: string) =>
  (await api.get<{ readonly runs: readonly Run[] }>(`/pipelines/${pipeline}/runs`)).runs;

/** Instances look every ten seconds what is deployed. */
async function untilServed(api: ExampleClient, series: readonly Series[], version: string): Promise<void> {
  const [one] = observationsOf(series, FIRST_YEAR, FIRST_YEAR);
  if (!one) return;
  while ((await predictAll(api, [one]))[0]?.version !== version) await sleep(500);
}
