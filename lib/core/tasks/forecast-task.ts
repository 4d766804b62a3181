import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { Instance } from '../instances/instance.ts';
import { exactAddress } from '../models/contract-version.ts';
import type { ModelDirectory } from '../models/model-directory.ts';
import { type Backlog, drainMs } from './backlog.ts';

import type { Task } from './task.ts';

/** Estimates for a task that has not ended. Times are Unix milliseconds. */
export interface TaskForecast {
  /** Only of a queued task: its position in the queue, from 1. An upper bound, because queues keep no exact order. */
  readonly position?: number;
  /** Only of a queued task: its probable start. Absent while no instance serves or none has run a task. */
  readonly startsAt?: number;
  /** When the task will probably end. Absent if unknown. */
  readonly endsAt?: number;
}

interface ForecastDeps {
  readonly models: Pick<ModelDirectory, 'served'>;
  readonly backlog: Backlog;
  readonly clock: Clock;
}

/** Time after which a response is sent without estimates. */
const TIMEOUT_MS = 500;

/**
 * Creates a function that estimates from the model's backlog, its live slots and its average service time. The function
 * never rejects: an estimate that is not available within `TIMEOUT_MS` is left out.
 */
export function createForecaster({ models, backlog, clock }: ForecastDeps) {
  async function estimate({ model, state, startedAt }: Task): Promise<TaskForecast> {
    const { serving } = await models.served(exactAddress(model));
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
      return await Promise.race([estimate(task), clock.sleep(TIMEOUT_MS, done.signal).then(() => ({}))]);
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

/** Milliseconds until the last waiting task starts: the tasks beyond the number of slots have to finish first. */
function startMs({ waiting, inFlight, serving }: Queueing): number | undefined {
  if (serving.length === 0) return undefined;
  const slots = serving.reduce((sum, instance) => sum + instance.slots, 0);
  const ahead = Math.max(0, waiting + inFlight - slots);
  return ahead === 0 ? 0 : drainMs({ backlog: ahead, serving });
}

/** Average milliseconds that a task occupies a slot. Undefined while no instance has run a task. */
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
