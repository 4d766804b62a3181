import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { ModelRegistry } from '../models/model-registry.ts';
import { type Instance, isAlive, type StartFailure, UNKNOWN_CONTRACT } from './instance.ts';

/** How long a failed start is shown. Longer than the pause between two starts on every platform. */
const FAILURE_TTL_MS = 180_000;
const MAX_REASON_LENGTH = 1000;

interface FailureDeps {
  readonly registry: Pick<ModelRegistry, 'snapshot' | 'putInstance' | 'removeInstance'>;
  readonly clock: Clock;
}

/** An instance that does not start. Its contract is known when its code could be loaded. */
export type FailedInstance = Pick<Instance, 'id' | 'model' | 'variant' | 'image' | 'runtimeVersion' | 'startedAt'> &
  Partial<Pick<Instance, 'contractHash' | 'slots'>>;

type Start = Pick<Instance, 'id' | 'model' | 'variant'>;

/**
 * The failed starts of the process before, for an instance that starts: under its own id, or under an id that has ended
 * where every start has another one.
 */
export async function failureBefore({ registry, clock }: FailureDeps, start: Start): Promise<StartFailure | undefined> {
  const rows = await failingRows({ registry, clock }, start);
  return (rows.find(({ id }) => id === start.id) ?? latest(rows))?.failure;
}

/** Registers a failed start. It replaces the row of the failed start before, if that had another id. */
export async function reportFailedStart(deps: FailureDeps, instance: FailedInstance, reason: string): Promise<void> {
  const rows = await failingRows(deps, instance);
  const own = rows.find(({ id }) => id === instance.id);
  const before = own ?? latest(rows);
  const now = deps.clock.now();
  await deps.registry.putInstance({
    contractHash: UNKNOWN_CONTRACT,
    slots: 1,
    ...instance,
    state: 'failing',
    failure: { reason: reason.slice(0, MAX_REASON_LENGTH), count: (before?.failure?.count ?? 0) + 1, lastAt: now },
    inFlight: 0,
    endpoint: '',
    heartbeatAt: now,
    expiresAt: now + FAILURE_TTL_MS,
  });
  if (own === undefined && before?.state === 'failing') await deps.registry.removeInstance(before.model, before.id);
}

/** Forgets the failed starts of a model, or of one variant of it, except those of `keptId`. */
export async function forgetFailedStarts(deps: FailureDeps, start: Omit<Start, 'id'>, keptId?: string): Promise<void> {
  const rows = await failingRows(deps, start);
  const others = rows.filter(({ id, state }) => id !== keptId && state === 'failing');
  await Promise.all(others.map(({ model, id }) => deps.registry.removeInstance(model, id)));
}

async function failingRows(
  { registry, clock }: FailureDeps,
  { model, variant }: Omit<Start, 'id'>,
): Promise<readonly Instance[]> {
  const { instances } = await registry.snapshot();
  const now = clock.now();
  return instances.filter(
    (row) =>
      row.model === model &&
      row.failure !== undefined &&
      (variant === undefined || row.variant === undefined || row.variant === variant) &&
      isAlive(row, now),
  );
}

const latest = (rows: readonly Instance[]): Instance | undefined =>
  rows.toSorted((one, other) => (other.failure?.lastAt ?? 0) - (one.failure?.lastAt ?? 0))[0];

/** The failure of a model without an instance that serves. */
export const failureOf = (instances: readonly Instance[]): StartFailure | undefined =>
  latest(instances.filter(({ failure }) => failure !== undefined))?.failure;

/** The refusal of a request to a model whose start fails. */
export const modelFailing = (model: string, { reason, count }: StartFailure): ModelyardError =>
  new ModelyardError('model_failing', `The model ${model} does not start (${timesOf(count)}): ${reason}`, {
    retryable: true,
    retryAfterSeconds: 5,
  });

const timesOf = (count: number): string => (count === 1 ? 'failed once' : `failed ${count} times in a row`);
