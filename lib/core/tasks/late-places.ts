import type { ServedModel } from '../models/model-directory.ts';
import type { TaskQuota } from '../users/task-limit.ts';
import type { LineWait, PlacesDeps } from './backlog-places.ts';

/** The limit of a model's backlog for one submit. Most models have none, so its code is loaded by the first that does. */
export function latePlaces(deps: PlacesDeps) {
  const load = () => import('./backlog-places.ts').then((late) => late.createBacklogPlaces(deps));
  let loading: ReturnType<typeof load> | undefined;

  return (served: Pick<ServedModel, 'model' | 'serving'>, wait?: LineWait): TaskQuota => {
    const { limits, name } = served.model;
    if (limits.maxBacklog === undefined) {
      return {
        enter: async (ids) => {
          deps.backlog.note(name, ids.length);
          return [];
        },
        leave: async () => undefined,
      };
    }
    loading ??= load();
    const places = loading.then((placesOf) => placesOf(served, wait));
    return {
      enter: async (ids) => (await places).enter(ids),
      leave: async (ids) => (await places).leave(ids),
    };
  };
}

/** Enters tasks in both, or in none. */
export function bothQuotas(first: TaskQuota, second: TaskQuota | undefined): TaskQuota {
  if (!second) return first;
  let entered: readonly (readonly string[])[] = [[], []];
  const leave = async (ids: readonly string[], isWaiting?: boolean) => {
    const [a = [], b = []] = entered.map((some) => some.filter((id) => ids.includes(id)));
    await Promise.all([first.leave(a, isWaiting), second.leave(b, isWaiting)]);
  };
  return {
    async enter(ids) {
      const a = await first.enter(ids);
      entered = [a, []];
      try {
        entered = [a, await second.enter(ids)];
      } catch (error) {
        // Best effort: places that nobody uses are free after a minute.
        await leave(ids).catch(() => undefined);
        throw error;
      }
      return [...new Set(entered.flat())];
    },
    leave,
  };
}
