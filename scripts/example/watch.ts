import { setTimeout as sleep } from 'node:timers/promises';
import type { MonitorReport, MonitorWindow } from '#core';
import { type ExampleClient, Refused } from './client.ts';
import { MODEL } from './pipelines.ts';
import type { Observation } from './years.ts';

const CONCURRENT = 8;
const RETRY_MS = 500;
const OVERLOADED = [429, 503];
const OUTCOMES_AT_ONCE = 1000;
const WAIT_MS = 60_000;

/** A prediction whose outcome is known. */
export interface Answered extends Observation {
  readonly id: string;
  readonly version: string;
  readonly predicted: number;
}

interface Answer {
  readonly id: string;
  readonly result: { readonly next_rate: number; readonly model_version: string };
}

/** Repeats what an overloaded system refuses. */
async function predictOne(api: ExampleClient, { request }: Observation): Promise<Answer> {
  for (;;) {
    try {
      return await api.send<Answer>('POST', `/predict/${MODEL}`, request);
    } catch (error) {
      if (!(error instanceof Refused && OVERLOADED.includes(error.status))) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Predicts each observation. */
export async function predictAll(
  api: ExampleClient,
  observations: readonly Observation[],
): Promise<readonly Answered[]> {
  const answered: Answered[] = [];
  const left = [...observations];
  async function predictNext(): Promise<void> {
    for (let next = left.shift(); next; next = left.shift()) {
      const { id, result } = await predictOne(api, next);
      answered.push({ ...next, id, version: result.model_version, predicted: result.next_rate });
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, predictNext));
  return answered;
}

/** Reports what came true. */
export async function reportOutcomes(api: ExampleClient, answered: readonly Answered[]): Promise<void> {
  for (let at = 0; at < answered.length; at += OUTCOMES_AT_ONCE) {
    const outcomes = answered
      .slice(at, at + OUTCOMES_AT_ONCE)
      .map(({ id, outcome }) => ({ task_id: id, value: outcome }));
    await api.send('POST', '/outcomes', { outcomes });
  }
}

/** The first value that is not undefined. Undefined when it takes too long. */
export async function untilFound<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  for (const startedAt = performance.now(); performance.now() < startedAt + WAIT_MS; await sleep(500)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A judged window of a version that has drifted after a time. */
export async function driftedWindow(
  api: ExampleClient,
  version: string,
  since: number,
): Promise<MonitorWindow | undefined> {
  const { windows } = await api.get<MonitorReport>(`/models/${MODEL}/monitor`);
  return windows.find((window) => window.version === version && window.drifted && Date.parse(window.end) > since);
}

/** The reasons of the alerts on the model. Undefined while there are none; empty where no service raises alerts. */
export async function alertOn(api: ExampleClient): Promise<string | undefined> {
  try {
    const { alerts } = await api.get<{ readonly alerts: readonly { readonly reason: string }[] }>(
      `/alerts?state=firing&model=${MODEL}`,
    );
    return alerts.length === 0 ? undefined : alerts.map(({ reason }) => reason).join(' ');
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return '';
    throw error;
  }
}
