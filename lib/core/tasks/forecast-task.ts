import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { Instance } from '../instances/instance.ts';
import type { ModelDirectory } from '../models/model-directory.ts';
import { type Backlog, drainMs } from './backlog.ts';

import type { Task } from './task.ts';

/** What can be said of a task that has not ended: estimates, never promises. Times are Unix milliseconds. */
export interface TaskForecast {
  /** Of a queued task: how many wait for its model, itself included. Queues keep no exact order, so this is an upper bound. */
  readonly position?: number;
  /** Of a queued task: when its run should begin; absent while no instance serves or none has run a task yet. */
  readonly startsAt?: number;
  /** When it should have ended; absent when unknown. */
  readonly endsAt?: number;
}

interface ForecastDeps {
  readonly models: Pick<ModelDirectory, 'served'>;
  readonly backlog: Backlog;
  readonly clock: Clock;
}

/** An answer does not wait longer than this for its estimates. */
const PATIENCE_MS = 500;

/**
 * Makes the forecast of tasks that have not ended: from the model's backlog, its live slots and its
 * average service time. It never rejects: what cannot be found out in a moment is unknown.
 */
export function createForecaster({ models, backlog, clock }: ForecastDeps) {
  async function look({ model, state, startedAt }: Task): Promise<TaskForecast> {
    const { serving } = await models.served(model);
    const now = clock.now();
    const serviceMs = meanServiceMs(serving);
    if (state === 'running') return endOf(Math.max(now, (startedAt ?? now) + (serviceMs ?? 0)), serviceMs);
    const { waiting, inFlight } = await backlog.read(model);
    const position = Math.max(1, waiting);
    const startsInMs = startMs({ waiting: position, inFlight, serving });
    if (startsInMs === undefined) return { position };
    const startsAt = now + startsInMs;
    return { position, startsAt, ...endOf(startsAt + (serviceMs ?? 0), serviceMs) };
  }

  return async function forecast(task: Task): Promise<TaskForecast> {
    const done = new AbortController();
    try {
      return await Promise.race([look(task), clock.sleep(PATIENCE_MS, done.signal).then(() => ({}))]);
    } catch (error) {
      if (error instanceof ModelyardError) return {};
      throw error;
    } finally {
      done.abort();
    }
  };
}

const endOf = (endsAt: number, serviceMs: number | undefined): TaskForecast =>
  serviceMs === undefined ? {} : { endsAt };

interface Queueing {
  readonly waiting: number;
  readonly inFlight: number;
  readonly serving: readonly Pick<Instance, 'slots' | 'serviceMs'>[];
}

/** Until the last of those waiting begins: those beyond the slots have to be worked off first. */
function startMs({ waiting, inFlight, serving }: Queueing): number | undefined {
  if (serving.length === 0) return undefined;
  const slots = serving.reduce((sum, instance) => sum + instance.slots, 0);
  const ahead = Math.max(0, waiting + inFlight - slots);
  return ahead === 0 ? 0 : drainMs({ backlog: ahead, serving });
}

/** Average time of one task in a slot, over the instances that have run one, in milliseconds; undefined when none has. */
export function meanServiceMs(instances: readonly Pick<Instance, 'slots' | 'serviceMs'>[]): number | undefined {
  let slots = 0;
  let sum = 0;
  for (const instance of instances) {
    if (instance.serviceMs === undefined) continue;
    slots += instance.slots;
    sum += instance.slots * instance.serviceMs;
  }
  return slots === 0 ? undefined : sum / slots;
}
