import { type QueryClient, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { get } from './api.ts';
import { type ListEvent, pollEvery, useLiveLists } from './live-lists.ts';
import type { Task, TaskPage } from './types.ts';

export interface TaskFilters {
  readonly model: string;
  readonly state: string;
  readonly span: string;
  /** Of all users, for admins. */
  readonly whose: string;
}

/** Minutes by name. */
export const SPANS: Readonly<Record<string, number>> = { '15 minutes': 15, hour: 60, day: 1440 };

const PAGE = 100;
/** Beyond it, the list is read again, so that a page that stays open for days does not grow. */
const MAX_LATEST = 5000;

type Latest = ReadonlyMap<string, Task>;

/**
 * Tasks, newest first. Events keep them up to date; without events, the newest page is polled. Older pages are loaded
 * when they scroll into view. The filters must stay the same between renderings.
 */
export function useTasks({ model, state, span, whose }: TaskFilters) {
  const client = useQueryClient();
  const [latest, setLatest] = useState<Latest>(new Map());
  const note = useCallback((tasks: readonly Task[]) => setLatest((known) => withTasks(known, tasks)), []);
  const query = new URLSearchParams({
    limit: String(PAGE),
    ...(model && { model }),
    ...(state && { state }),
    ...(whose && { all: 'true' }),
  });
  const read = (cursor: string | null) =>
    get<TaskPage>(`/tasks?${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
  const filters = [model, state, whose];
  const older = useInfiniteQuery({
    queryKey: ['tasks', ...filters],
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    // Every loaded page would be asked for again.
    refetchOnWindowFocus: false,
  });
  const apply = useCallback(
    (to: QueryClient, events: readonly ListEvent[]) => {
      // What changed before is in the list as it is now.
      if (events.some(({ name }) => name === 'open')) void to.invalidateQueries({ queryKey: ['newest tasks'] });
      const tasks = events.filter(({ name }) => name === 'task').map(({ data }) => data as Task);
      if (tasks.length > 0) note(tasks);
    },
    [note],
  );
  const isLive = useLiveLists(`of=tasks${whose && '&all=true'}`, apply);
  const newest = useQuery({
    queryKey: ['newest tasks', ...filters],
    queryFn: () => read(null),
    refetchInterval: pollEvery(2_000, isLive),
  });
  useEffect(() => {
    if (newest.data) note(newest.data.tasks);
  }, [newest.data, note]);
  const isTooLong = latest.size > MAX_LATEST;
  useEffect(() => {
    if (!isTooLong) return;
    setLatest(new Map());
    void client.resetQueries({ queryKey: ['tasks'] });
  }, [client, isTooLong]);

  const since = span === '' ? 0 : Date.now() - (SPANS[span] ?? 0) * 60_000;
  const tasks = useMemo(() => {
    const merged = new Map<string, Task>();
    for (const task of older.data?.pages.flatMap((page) => page.tasks) ?? []) merged.set(task.id, task);
    for (const task of latest.values()) merged.set(task.id, task);
    return [...merged.values()]
      .filter((task) => (model === '' || task.model === model) && (state === '' || task.state === state))
      .filter(({ created_at }) => since === 0 || Date.parse(created_at) >= since)
      .sort(newestFirst);
  }, [older.data, latest, model, state, since]);
  const reachesBack = Date.parse(older.data?.pages.at(-1)?.tasks.at(-1)?.created_at ?? '') >= since;
  const hasMore = older.hasNextPage && reachesBack;
  const { fetchNextPage, isFetchingNextPage } = older;
  const more = useCallback(() => {
    if (hasMore && !isFetchingNextPage) void fetchNextPage();
  }, [hasMore, isFetchingNextPage, fetchNextPage]);
  return { tasks, error: older.error ?? newest.error, isPending: older.isPending, hasMore, more };
}

function withTasks(known: Latest, tasks: readonly Task[]): Latest {
  const next = new Map(known);
  for (const task of tasks) next.set(task.id, task);
  return next;
}

const newestFirst = (a: Task, b: Task): number =>
  a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : a.id < b.id ? 1 : -1;
