import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { BlobStore } from './payload.ts';
import { getTask, type ReadDeps, type TaskLookup } from './read-tasks.ts';
import { isTerminal, type Task } from './task.ts';
import type { HistoryEntry } from './task-history.ts';
import { entriesAfter, type ReportEntry } from './task-progress.ts';

/**
 * What a follower has seen of a task: its round, entries of its history, entries that the model told, and the state: 0
 * nothing, 1 queued, 2 and more the number of the running attempt plus 1, `END` the end.
 */
export interface EventPosition {
  readonly round: number;
  readonly history: number;
  readonly told: number;
  readonly state: number;
}

/** One event of a task, and the position after it. */
export type TaskFollowEvent = { readonly position: EventPosition } & (
  | { readonly type: 'state'; readonly task: Task }
  | { readonly type: 'history'; readonly entry: HistoryEntry }
  | { readonly type: 'told'; readonly entry: ReportEntry; readonly contractHash: string }
);

export interface FollowEventsDeps extends ReadDeps {
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

const END = 1_000_000;
export const NOTHING_SEEN: EventPosition = { round: 0, history: 0, told: 0, state: 0 };

/** As the id of an event. */
export const encodePosition = ({ round, history, told, state }: EventPosition): string =>
  [round, history, told, state].join('.');

/** Throws `invalid_request` for text that is no id of an event. */
export function decodePosition(text: string): EventPosition {
  const [, ...numbers] = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(text) ?? [];
  const [round, history, told, state] = numbers.map(Number);
  if (round === undefined || history === undefined || told === undefined || state === undefined) {
    throw new ModelyardError('invalid_request', 'The Last-Event-ID header is not the id of an event of a task.');
  }
  return { round, history, told, state };
}

/** Whether a follower has seen the end of the round. */
export const hasSeenEnd = ({ state }: EventPosition): boolean => state === END;

/** The position, or the beginning for one that the task has not reached: the id of an event of another task. */
export function reachedPosition(task: Task, seen: EventPosition): EventPosition {
  const { round = 0, history = [], progress, state } = task;
  const isAhead =
    seen.round > round ||
    seen.history > history.length ||
    (seen.round === round &&
      (seen.told > (progress?.count ?? 0) || (hasSeenEnd(seen) ? !isTerminal(state) : seen.state > lastRun(task) + 1)));
  return isAhead ? NOTHING_SEEN : seen;
}

/** The number of the attempt that runs or ran last, 0 before the first. */
const lastRun = ({ startedAt, attempts }: Task): number => (startedAt === undefined ? 0 : Math.max(1, attempts));

/**
 * The events after a position, in order: failed attempts and retries, the running attempt, its progress, the end. In
 * groups, none of them empty, so that a follower who reads slowly keeps one part of a long progress in memory.
 */
async function* eventsAfter(
  { blobs }: Pick<FollowEventsDeps, 'blobs'>,
  task: Task,
  seen: EventPosition,
): AsyncGenerator<readonly TaskFollowEvent[]> {
  const round = task.round ?? 0;
  let position = seen.round === round ? seen : { round, history: seen.history, told: 0, state: 0 };
  let events: TaskFollowEvent[] = [];
  const move = (more: Partial<EventPosition>) => {
    position = { ...position, ...more };
    return position;
  };
  for (const entry of (task.history ?? []).slice(position.history)) {
    events.push({ type: 'history', entry, position: move({ history: position.history + 1 }) });
  }
  if (position.state < 1) events.push({ type: 'state', task: asQueued(task), position: move({ state: 1 }) });
  const attempt = lastRun(task);
  if (attempt > 0 && position.state < attempt + 1) {
    events.push({ type: 'state', task: asRunning(task), position: move({ state: attempt + 1 }) });
  }
  const contractHash = task.progress?.contractHash ?? task.contractHash;
  for await (const entries of entriesAfter(blobs, task, position.told)) {
    if (events.at(-1)?.type === 'told') {
      yield events;
      events = [];
    }
    for (const entry of entries) {
      events.push({ type: 'told', entry, contractHash, position: move({ told: entry.seq }) });
    }
  }
  if (isTerminal(task.state) && position.state < END) {
    events.push({ type: 'state', task, position: move({ state: END }) });
  }
  if (events.length > 0) yield events;
}

const asQueued = ({ startedAt: _s, endedAt: _e, result: _r, error: _f, progress: _p, ...task }: Task): Task => ({
  ...task,
  state: 'queued',
  attempts: 0,
});

const asRunning = ({ endedAt: _e, result: _r, error: _f, progress: _p, ...task }: Task): Task => ({
  ...task,
  state: 'running',
});

/** Pauses between reads of a task: short after a change, longer while nothing happens. */
const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 1000;

/**
 * The events of a task after a position, in groups, until it has ended or the signal aborts. An empty group is a
 * keep-alive. Rejects with `task_not_found`; stops without an error when the task is deleted meanwhile.
 */
export async function* followEvents(
  deps: FollowEventsDeps,
  lookup: TaskLookup,
  { seen, known, signal }: { readonly seen: EventPosition; readonly known: Task; readonly signal: AbortSignal },
): AsyncGenerator<readonly TaskFollowEvent[]> {
  const end = watchEnd(deps, known, signal);
  const reads = shareReads(deps, lookup);
  let task: Task | undefined = known;
  let position = seen;
  try {
    for (;;) {
      let hasNews = false;
      for await (const events of eventsAfter(deps, task, position)) {
        hasNews = true;
        position = events.at(-1)?.position ?? position;
        yield events;
        if (signal.aborted) return;
      }
      if (!hasNews) yield [];
      if (isTerminal(task.state) || signal.aborted) return;
      // A thousand streams may pause at once. None of them keeps its task meanwhile.
      task = undefined;
      const hasWoken = await end.pause(hasNews ? MIN_PAUSE_MS : MAX_PAUSE_MS);
      if (signal.aborted) return;
      task = await reads.next(hasWoken ? 0 : MAX_AGE_MS);
    }
  } finally {
    end.stop();
    reads.leave();
  }
}

interface SharedRead {
  followers: number;
  at: number;
  task: Promise<Task> | undefined;
}

/** How old a read of another follower may be. */
const MAX_AGE_MS = MIN_PAUSE_MS / 2;
const sharedReads = new WeakMap<object, Map<string, SharedRead>>();

/** A thousand streams of one task read it twice a second together, not each. Call `leave` at the end. */
function shareReads(deps: FollowEventsDeps, lookup: TaskLookup) {
  const { tasks, clock } = deps;
  const ofStore = sharedReads.get(tasks) ?? new Map<string, SharedRead>();
  sharedReads.set(tasks, ofStore);
  const key = JSON.stringify([lookup.id, lookup.owner]);
  const shared = ofStore.get(key) ?? { followers: 0, at: 0, task: undefined };
  ofStore.set(key, shared);
  shared.followers += 1;
  return {
    next(maxAgeMs: number): Promise<Task> {
      const now = clock.now();
      if (shared.task && now - shared.at < maxAgeMs) return shared.task;
      shared.at = now;
      shared.task = getTask(deps, lookup);
      return shared.task;
    },
    leave(): void {
      shared.followers -= 1;
      if (shared.followers === 0) ofStore.delete(key);
    },
  };
}

/**
 * Pauses that end early when the store notifies the end of the task, or when the signal aborts. One subscription for
 * all pauses, because a thousand streams may pause at once.
 */
function watchEnd({ tasks, clock }: FollowEventsDeps, { id }: Task, signal: AbortSignal) {
  let current: AbortController | undefined;
  const over = new AbortController();
  const wake = () => current?.abort();
  const stop = () => {
    over.abort();
    wake();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  // Best effort: the end is found by the next read otherwise.
  tasks.untilEnded?.(id, over.signal).then(wake, () => undefined);
  return {
    /** Resolves with whether it ended early. */
    async pause(ms: number): Promise<boolean> {
      if (over.signal.aborted) return true;
      current = new AbortController();
      await clock.sleep(ms, current.signal);
      return current.signal.aborted;
    },
    stop() {
      stop();
      signal.removeEventListener('abort', stop);
    },
  };
}
