import { setTimeout as sleep } from 'node:timers/promises';
import type { Pipeline } from '#core';
import type { ExampleClient } from './client.ts';
import type { Candidate } from './page.ts';

/** Prints a line with the time since the start. */
export const say = (text: string) =>
  process.stdout.write(`${(performance.now() / 1000).toFixed(1).padStart(5)} s  ${text}\n`);

export interface Run {
  readonly id: string;
  readonly state: string;
  readonly created_at: string;
  readonly stages: readonly Stage[];
}

interface Stage {
  readonly name: string;
  readonly state: string;
  readonly duration_ms: number | null;
  readonly error: string | null;
  readonly output: Readonly<Record<string, unknown>> | null;
}

/** Sets a pipeline and runs it. */
export async function runPipeline(api: ExampleClient, pipeline: Pipeline): Promise<readonly Stage[]> {
  await api.send('PUT', `/pipelines/${pipeline.name}`, pipeline);
  return followRun(api, pipeline.name, await api.send<Run>('POST', `/pipelines/${pipeline.name}/runs`, {}));
}

/** Tells the stages of a run as they end. */
export async function followRun(api: ExampleClient, pipeline: string, started: Run): Promise<readonly Stage[]> {
  let run = started;
  const told = new Set<string>();
  for (;;) {
    for (const { name, state, duration_ms: ms, error } of run.stages) {
      if (!['succeeded', 'skipped', 'failed'].includes(state) || told.has(name)) continue;
      told.add(name);
      say(`  ${pipeline}: ${name} ${state}${ms === null ? '' : ` in ${ms} ms`}${error === null ? '' : `: ${error}`}`);
    }
    if (run.state === 'failed') throw new Error(`The run ${run.id} has failed.`);
    if (run.state !== 'running') return run.stages;
    await sleep(250);
    run = await api.get<Run>(`/pipelines/${pipeline}/runs/${run.id}`);
  }
}

/** What the gate has decided. */
export async function candidate(name: string, stages: readonly Stage[]): Promise<Candidate> {
  const output = stages.find((stage) => stage.name === 'deploy')?.output as Readonly<Record<string, unknown>>;
  const comparison = output.comparison as Readonly<Record<string, number>>;
  const [rmse = Number.NaN, baseline = Number.NaN] = [comparison.challenger, comparison.baseline];
  const reasons = output.reasons as readonly string[];
  say(`  ${name}: version ${String(output.version)} ${String(output.state)}. ${reasons.slice(1).join(' ')}`);
  return { name, version: String(output.version), state: String(output.state), rmse, baseline, reasons };
}
