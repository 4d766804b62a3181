import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import { ModelyardError } from '../errors.ts';
import { inBatches } from '../lists.ts';
import { keptUntil, type SubmitCommand, type SubmitDeps } from '../tasks/submit-task.ts';
import type { Task } from '../tasks/task.ts';
import type { TaskQuota } from '../users/task-limit.ts';
import { type Batch, itemTaskId, loadRefusals, type RefusedItem, storeRefusals } from './batch.ts';
import { type ItemOutcome, type ItemRequest, submitItems } from './submit-items.ts';

/** A request as bytes of the contract, or why it is refused. */
export type BatchItem = { readonly request: Uint8Array } | { readonly error: ModelyardError };

export interface BatchCommand extends Omit<SubmitCommand, 'request' | 'quota'> {
  /** SHA-256 (hex) of the submitted body. */
  readonly requestHash: string;
  /** Reads the items. Not called for a repeat of a batch that is complete. */
  readonly items: () => Promise<readonly BatchItem[]>;
  readonly quota?: TaskQuota | undefined;
}

/** An accepted batch with its refused items by index. All other items have the task `itemTaskId`. */
export interface AcceptedBatch {
  readonly batch: Batch;
  /** All accepted items were queued by this call, so their states are known without a read. */
  readonly isNew: boolean;
  readonly refused: ReadonlyMap<number, RefusedItem>;
}

const IDEMPOTENCY_NAMESPACE = '0b0a4d0e-27c5-5d0a-9f6e-0e6f1c3b8a57';
/** Items that are stored together, then sent together. */
const AT_ONCE = 250;
/** While the queue confirms one group of items, the next one is stored. */
const GROUPS_IN_PROGRESS = 2;

/**
 * Submits many requests independently. An invalid one, or one that the queue did not confirm, is reported by its index
 * and does not affect the others. Rejects as a whole, with nothing accepted, with `idempotency_conflict`, with the
 * errors of the quota, and when no valid item could be queued.
 */
export async function submitBatch(deps: SubmitDeps, command: BatchCommand): Promise<AcceptedBatch> {
  const { owner, model, idempotencyKey: key, requestHash } = command;
  const id = key === undefined ? uuidV7() : uuidV5(JSON.stringify([owner, model, key]), IDEMPOTENCY_NAMESPACE);
  const earlier = key === undefined ? undefined : await deps.tasks.batches.get(id);
  if (earlier?.isConfirmed || (earlier && earlier.requestHash !== requestHash)) return repeated(deps, earlier, command);
  const items = await command.items();
  const valid = items.flatMap((item, index): ItemRequest[] =>
    'request' in item ? [{ id: itemTaskId(id, index), index, request: item.request }] : [],
  );
  const invalid = items.flatMap((item, index) => ('error' in item ? [{ index, error: item.error }] : []));
  const ids = valid.map((item) => item.id);
  const entered = ids.length > 0 ? ((await command.quota?.enter(ids)) ?? []) : [];
  const leave = (some: readonly string[], isWaiting = false) =>
    command.quota?.leave(some, isWaiting).catch(() => undefined);
  /** What a repeat has stored needs only the entries of that call. */
  const leaveRepeats = async (repeats: readonly Repeat[]) => {
    const idsOf = (some: readonly Repeat[]) => some.map(({ id }) => id).filter((id) => entered.includes(id));
    await leave(idsOf(repeats.filter(({ state }) => state === 'queued')), true);
    await leave(idsOf(repeats.filter(({ state }) => state !== 'queued')));
  };
  try {
    const createdAt = earlier?.createdAt ?? deps.clock.now();
    const batch: Batch = {
      ...{ id, model, owner, requestHash, createdAt, retainedUntil: keptUntil(command, createdAt) },
      ...{ total: items.length, isConfirmed: false },
      ...(await storeRefusals(deps.blobs, id, invalid)),
    };
    const existing = earlier ?? (await deps.tasks.batches.create(batch));
    if (existing?.isConfirmed || (existing && existing.requestHash !== requestHash)) {
      await leaveRepeats(await statesOf(deps, entered));
      return await repeated(deps, existing, command);
    }
    const { lost, repeats } = await sendAll(deps, command, valid);
    await leaveRepeats(repeats);
    await leave(lost.flatMap(({ id, isStored }) => (isStored || !entered.includes(id) ? [] : [id])));
    const [first] = lost;
    if (first && lost.length === valid.length) throw first.error;
    return await settled(deps, { batch, invalid, lost, isNew: !existing, isRepeatable: key !== undefined });
  } catch (error) {
    // Best effort: an entry that is not undone is removed a minute later, and counts for the day.
    await leave(await unstored(deps, entered));
    throw error;
  }
}

async function repeated(deps: SubmitDeps, batch: Batch, { requestHash }: BatchCommand): Promise<AcceptedBatch> {
  if (batch.requestHash !== requestHash) {
    throw new ModelyardError('idempotency_conflict', 'This Idempotency-Key was used before with another batch.');
  }
  return { batch, isNew: false, refused: await loadRefusals(deps.blobs, batch) };
}

/** The task of an item, as a repeat of the submit has stored it. */
type Repeat = Pick<Task, 'id' | 'state'>;

/** The tasks of these ids. Best effort: one that cannot be read counts as waiting. */
async function statesOf({ tasks }: SubmitDeps, ids: readonly string[]): Promise<readonly Repeat[]> {
  const heads = ids.length === 0 ? [] : await tasks.heads(ids).catch(() => []);
  return ids.map((id, at) => ({ id, state: heads[at]?.state ?? 'queued' }));
}

type LostItem = RefusedItem & { readonly id: string; readonly isStored: boolean };

/** Stores and sends the items. Resolves with those whose message the queue did not confirm, and those that existed. */
async function sendAll(
  deps: SubmitDeps,
  command: BatchCommand,
  items: readonly ItemRequest[],
): Promise<{ readonly lost: readonly LostItem[]; readonly repeats: readonly Repeat[] }> {
  const repeats: Repeat[] = [];
  const lost: { readonly id: string; readonly index: number; readonly error: ModelyardError }[] = [];
  let outage: ModelyardError | undefined;
  const groups = inBatches(items, AT_ONCE).values();
  const work = async () => {
    for (const some of groups) {
      const outcomes = outage ? undefined : await submitItems(deps, command, some);
      for (const [at, { id, index }] of some.entries()) {
        const { error, existing }: ItemOutcome = outcomes ? (outcomes[at] ?? {}) : { error: outage };
        if (existing) repeats.push(existing);
        if (error) lost.push({ id, index, error });
      }
      // Stop here: each of the others would also wait for the time limit of the unavailable service.
      if (outcomes?.every(({ error }) => error?.retryable)) outage = outcomes[0]?.error;
    }
  };
  // None is in progress when this rejects: the caller undoes what is not stored.
  const ends = await Promise.allSettled(Array.from({ length: GROUPS_IN_PROGRESS }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  const gone = new Set(
    await unstored(
      deps,
      lost.map(({ id }) => id),
    ),
  );
  return { lost: lost.map((item) => ({ ...item, isStored: !gone.has(item.id) })), repeats };
}

interface Settling {
  readonly batch: Batch;
  readonly invalid: readonly RefusedItem[];
  readonly lost: readonly RefusedItem[];
  readonly isNew: boolean;
  readonly isRepeatable: boolean;
}

/**
 * Records the state that a repeated submit needs. The refusals of an unkeyed batch without lost items are stored
 * already.
 */
async function settled(
  deps: SubmitDeps,
  { batch, invalid, lost, isNew, isRepeatable }: Settling,
): Promise<AcceptedBatch> {
  const refused = [...invalid, ...lost].sort((a, b) => a.index - b.index);
  const isConfirmed = lost.length === 0;
  const byIndex = new Map(refused.map((item) => [item.index, item]));
  if (isConfirmed && !isRepeatable) return { batch, isNew, refused: byIndex };
  const final = { ...batch, isConfirmed, ...(await storeRefusals(deps.blobs, batch.id, refused)) };
  // Best effort: the items are accepted. Without the record, a repeated submit reads each of them.
  await deps.tasks.batches.put(final).catch(() => undefined);
  return { batch: final, isNew, refused: byIndex };
}

/** The ids that certainly have no task. */
async function unstored({ tasks }: SubmitDeps, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const heads = await tasks.heads(ids).catch(() => undefined);
  return heads ? ids.filter((_, at) => heads[at] === undefined) : [];
}
