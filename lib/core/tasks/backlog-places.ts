import type { Clock } from '../clock.ts';
import { dropOldest } from '../drop-oldest.ts';
import { ModelyardError } from '../errors.ts';
import type { ServedModel } from '../models/model-directory.ts';
import type { TaskQuota } from '../users/task-limit.ts';
import { type Backlog, drainMs } from './backlog.ts';
import { createLine, type Line } from './backlog-line.ts';
import { newPlace, type Place } from './place-store.ts';
import type { TaskStore } from './task-store.ts';
import { tooManyAtOnce } from './too-many.ts';

export interface PlacesDeps {
  readonly backlog: Backlog;
  readonly tasks: Pick<TaskStore, 'heads' | 'places'>;
  readonly clock: Clock;
}

/** How long a submit that the backlog refuses stays in the line. */
export interface LineWait {
  readonly seconds: number;
  readonly signal: AbortSignal;
}

type LimitedModel = Pick<ServedModel, 'model' | 'serving'>;

/** What this process knows of the backlog of a model. */
interface Known {
  readonly line: Line;
  submits: number;
  /** Until then, this many tasks find no room. */
  full: { readonly until: number; readonly tasks: number };
  /** Frees places, and resolves with their number. */
  looking: Promise<number> | undefined;
}

const NOT_FULL = { until: 0, tasks: 0 } as const;
const MAX_MODELS = 500;
const UNKNOWN_PACE_SECONDS = 5;
const MAX_RETRY_AFTER_SECONDS = 300;
/** Places that are compared with the store at once. */
const PAGE = 100;
/** One of so many submits looks at the oldest places, so that the list stays near the number of waiting tasks. */
const SUBMITS_PER_LOOK = 50;
/** Places that are compared while the backlog is full. */
const MAX_COMPARED = 20_000;
/** A look at a long list takes at most this part of the time. */
const LOOK_SHARE = 0.1;
const MAX_LOOK_MS = 1000;
/** A task that took its place before this time is stored, or never will be. */
const STORED_WITHIN_MS = 60_000;

/**
 * Creates the limits of backlogs, exact over all processes: a task takes a place before it is stored. The place is free
 * again when somebody has seen that the task has started or ended, so instances need not know of it. `enter` rejects
 * with `backlog_full`; `Retry-After` is the estimated time until there is room. With `wait`, it waits in line first.
 */
export function createBacklogPlaces(deps: PlacesDeps) {
  const { tasks, clock } = deps;
  const { places: store } = tasks;
  const models = new Map<string, Known>();

  function knownOf(model: string): Known {
    const known = models.get(model) ?? newKnown(clock, store.lookMs);
    models.set(model, known);
    dropOldest(models, MAX_MODELS);
    return known;
  }

  /** Frees the places of tasks that no longer wait. */
  async function compare(model: string, places: readonly Place[]): Promise<number> {
    const heads = await tasks.heads(places.map(({ id }) => id));
    const now = clock.now();
    const left = places.filter(({ at }, index) => {
      const head = heads[index];
      return head ? head.state !== 'queued' || now >= head.deadlineAt : now > at + STORED_WITHIN_MS;
    });
    if (left.length > 0) await store.free(model, left);
    return left.length;
  }

  async function look(model: string, max: number): Promise<number> {
    const first = await store.oldest(model, max, PAGE);
    const freed = await compare(model, first);
    if (freed > 0 || first.length < PAGE) return freed;
    const all = await store.oldest(model, max, MAX_COMPARED);
    let total = 0;
    for (let at = 0; at < all.length; at += PAGE) total += await compare(model, all.slice(at, at + PAGE));
    return total;
  }

  async function tryTake(model: string, known: Known, places: readonly Place[], max: number): Promise<boolean> {
    const { full } = known;
    if (clock.now() < full.until && places.length >= full.tasks) return false;
    if (await store.take(model, places, max)) {
      known.submits += 1;
      // Best effort: the next look frees them.
      if (known.submits % SUBMITS_PER_LOOK === 0) {
        await compare(model, await store.oldest(model, max, PAGE)).catch(() => 0);
      }
      return true;
    }
    const startedAt = clock.now();
    known.looking ??= look(model, max).finally(() => {
      known.looking = undefined;
    });
    if ((await known.looking) > 0 && (await store.take(model, places, max))) return true;
    const now = clock.now();
    const pauseMs = Math.min(MAX_LOOK_MS, Math.max(store.lookMs, (now - startedAt) / LOOK_SHARE));
    known.full = { until: now + pauseMs, tasks: places.length };
    return false;
  }

  return function placesOf({ model, serving }: LimitedModel, wait?: LineWait): TaskQuota {
    const { name, limits } = model;
    const max = limits.maxBacklog ?? Number.MAX_SAFE_INTEGER;
    const taken = new Map<string, Place>();

    async function take(ids: readonly string[], wait?: LineWait): Promise<boolean> {
      const known = knownOf(name);
      const places = ids.map((id) => newPlace(id, clock.now()));
      const tryOnce = () => tryTake(name, known, places, max);
      const isIn = wait ? await known.line.wait(tryOnce, wait) : known.line.isEmpty && (await tryOnce());
      if (isIn) for (const place of places) taken.set(place.id, place);
      return isIn;
    }

    /** Repeats of submits need no place. */
    async function isTakenWithoutRepeats(ids: readonly string[], fresh: readonly string[]): Promise<boolean> {
      if (fresh.length === 0 || (fresh.length < ids.length && (await take(fresh)))) return true;
      return wait !== undefined && take(fresh, wait);
    }

    return {
      async enter(ids) {
        if (ids.length > max) throw tooManyAtOnce(ids.length, `The backlog of the model ${name} takes ${max}`);
        let fresh = ids;
        let isIn = await take(ids);
        if (!isIn) {
          const heads = await tasks.heads(ids);
          fresh = ids.filter((_, index) => heads[index] === undefined);
          isIn = await isTakenWithoutRepeats(ids, fresh);
        }
        if (!isIn) throw await backlogFull(deps, { model, serving }, fresh.length);
        deps.backlog.note(name, fresh.length);
        return fresh;
      },
      async leave(ids) {
        const left = ids.flatMap((id) => taken.get(id) ?? []);
        for (const { id } of left) taken.delete(id);
        if (left.length === 0) return;
        await store.free(name, left);
        knownOf(name).full = NOT_FULL;
      },
    };
  };
}

const newKnown = (clock: Clock, lookMs: number): Known => ({
  line: createLine(clock, lookMs),
  submits: 0,
  full: NOT_FULL,
  looking: undefined,
});

async function backlogFull({ backlog }: PlacesDeps, { model, serving }: LimitedModel, tasks: number) {
  const { name, limits } = model;
  const { maxBacklog = 0 } = limits;
  const counted = await backlog.read(name).catch(() => ({ waiting: 0 }));
  const waiting = Math.max(maxBacklog, counted.waiting);
  const ms = drainMs({ backlog: waiting + tasks - maxBacklog, serving });
  const retryAfterSeconds =
    ms === undefined ? UNKNOWN_PACE_SECONDS : Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(ms / 1000)));
  const detail = `The backlog of the model ${name} is full: ${maxBacklog} tasks may wait.`;
  return new ModelyardError('backlog_full', detail, { retryable: true, retryAfterSeconds });
}
