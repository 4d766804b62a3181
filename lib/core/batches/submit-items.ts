import { ModelyardError } from '../errors.ts';
import {
  confirmed,
  messageOf,
  newTask,
  type SubmitCommand,
  type SubmitDeps,
  watch,
  withRequest,
} from '../tasks/submit-task.ts';
import type { Task } from '../tasks/task.ts';
import type { QueuedMessage } from '../tasks/task-queue.ts';

/** A valid item of a batch. */
export interface ItemRequest {
  /** Of its task. */
  readonly id: string;
  readonly index: number;
  readonly request: Uint8Array;
}

type ItemsCommand = Omit<SubmitCommand, 'request' | 'quota' | 'idempotencyKey'>;

interface Stored {
  readonly task: Task;
  readonly command: SubmitCommand;
  readonly message: QueuedMessage;
  /** The task that had this id before: a repeated submit. */
  readonly existing: Task | undefined;
}

export interface ItemOutcome {
  /** Why the queue did not confirm the message. The task is withdrawn. */
  readonly error?: ModelyardError | undefined;
  /** The task that had this id before: a repeated submit. */
  readonly existing?: Task;
}

/**
 * Stores and queues items, with as few calls as the queue allows. Resolves with an outcome for each item. An item that
 * exists already is treated like a repeated submit.
 */
export async function submitItems(
  deps: SubmitDeps,
  command: ItemsCommand,
  items: readonly ItemRequest[],
): Promise<readonly ItemOutcome[]> {
  const now = deps.clock.now();
  const stored = await Promise.allSettled(
    items.map((item) => store(deps, { ...command, request: item.request }, item.id, now)),
  );
  const faults = stored.map((outcome) => (outcome.status === 'rejected' ? asItemError(outcome.reason) : undefined));
  const isNew = (outcome: PromiseSettledResult<Stored>): outcome is PromiseFulfilledResult<Stored> =>
    outcome.status === 'fulfilled' && outcome.value.existing === undefined;
  // The transaction of `accept` has sent them.
  const unsent = deps.accept ? [] : stored.filter(isNew).map(({ value }) => value);
  const unconfirmed = await sendAll(deps, command.model, unsent);
  const settled = stored.map(async (outcome, at): Promise<ItemOutcome> => {
    if (outcome.status === 'rejected') return { error: faults[at] };
    const { task, existing, command: one } = outcome.value;
    if (existing) {
      const error = await confirmed(deps, existing, one, task.requestHash).then(() => undefined, asItemError);
      return { error, existing };
    }
    const error = unconfirmed.get(task);
    // Best effort: a task that was not withdrawn expires at its deadline, or a repeated submit sends it again.
    if (error) await deps.tasks.withdraw(task).catch(() => undefined);
    return { error };
  });
  return Promise.all(settled);
}

async function store(deps: SubmitDeps, command: SubmitCommand, id: string, now: number): Promise<Stored> {
  const task = newTask(command, now, deps.accept, id);
  // First, so that no end is missed.
  await watch(deps, task, command);
  const message = await messageOf(deps, task, command, 0);
  const kept = withRequest(deps, task, message);
  if (deps.accept) return { task, command, message, existing: await deps.accept(kept, message) };
  const reservation = deps.queues(task.model).reserve?.(task.owner, command.priority);
  const existing = await deps.tasks.create(kept);
  return { task, command, message: { ...message, ...(reservation ? { reservation } : {}) }, existing };
}

/** Resolves with the errors of the messages that the queue did not confirm. */
async function sendAll({ queues }: SubmitDeps, model: string, items: readonly Stored[]) {
  if (items.length === 0) return new Map<Task, ModelyardError>();
  const queue = queues(model);
  const messages = items.map(({ message }) => message);
  const errors = queue.sendMany
    ? await queue.sendMany(messages)
    : (await Promise.allSettled(messages.map((message) => queue.send(message)))).map((outcome) =>
        outcome.status === 'rejected' ? asItemError(outcome.reason) : undefined,
      );
  return new Map(items.flatMap(({ task }, at) => (errors[at] ? [[task, errors[at]] as const] : [])));
}

function asItemError(error: unknown): ModelyardError {
  if (error instanceof ModelyardError) return error;
  throw error;
}
