import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { get } from './api.ts';
import { type Column, DataTable } from './data-table.tsx';
import { useSession } from './session.tsx';
import { type Model, TASK_STATES, type Task, type TaskPage } from './types.ts';
import { duration, Empty, Failure, Loading, State, Time } from './ui.tsx';

const PAGE = 100;
const SPANS: Readonly<Record<string, number>> = { '15 minutes': 15, hour: 60, day: 1440 };

interface Filters {
  readonly model: string;
  readonly state: string;
  readonly span: string;
  /** Of all users, for admins. */
  readonly whose: string;
}

const COLUMNS: readonly Column<Task>[] = [
  {
    id: 'task',
    header: 'Task',
    cell: ({ id, user_id }) => <TaskLink id={id} owner={user_id} />,
  },
  { id: 'model', header: 'Model', cell: ({ model }) => <Link href={`/models/${model}`}>{model}</Link> },
  { id: 'state', header: 'State', cell: ({ state }) => <State state={state} /> },
  { id: 'created', header: 'Submitted', cell: ({ created_at }) => <Time at={created_at} /> },
  { id: 'queued', header: 'Waited', cell: ({ timings }) => duration(timings.queued_ms) },
  { id: 'run', header: 'Ran', cell: ({ timings }) => duration(timings.run_ms) },
  { id: 'attempts', header: 'Runs', cell: ({ attempts }) => attempts },
  { id: 'error', header: 'Error', cell: ({ error }) => (error ? <span title={error.message}>{error.code}</span> : '') },
];

/** Requests and results of others are not shown, to admins neither. */
function TaskLink({ id, owner }: { readonly id: string; readonly owner: string | undefined }) {
  const { me } = useSession();
  const text = (
    <code>
      {id.slice(0, 8)}…{id.slice(-4)}
    </code>
  );
  return owner === undefined || owner === me.id ? <Link href={`/tasks/${id}`}>{text}</Link> : text;
}

const OWNER: Column<Task> = { id: 'user', header: 'User', cell: ({ user_id }) => user_id ?? '' };

/** Tasks, newest first and live. */
export function TasksPage() {
  const [filters, setFilters] = useState<Filters>({ model: '', state: '', span: '', whose: '' });
  const { tasks, error, isPending, hasMore, more } = useTasks(filters);
  return (
    <>
      <h1>{filters.whose === '' ? 'My tasks' : 'Tasks of all users'}</h1>
      <FilterBar filters={filters} onChange={setFilters} />
      {error && tasks.length === 0 ? <Failure error={error} /> : null}
      {isPending ? <Loading /> : null}
      {!isPending && !error && tasks.length === 0 ? <NoTasks filters={filters} /> : null}
      {tasks.length > 0 ? (
        <>
          <DataTable
            label="Tasks"
            rows={tasks}
            columns={filters.whose === '' ? COLUMNS : [...COLUMNS, OWNER]}
            keyOf={({ id }) => id}
            onEnd={more}
          />
          <p className="faint" aria-live="polite">
            {tasks.length} {tasks.length === 1 ? 'task' : 'tasks'}
            {hasMore ? ' loaded; scroll for more' : ''}
          </p>
        </>
      ) : null}
    </>
  );
}

function NoTasks({ filters }: { readonly filters: Filters }) {
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return (
    <Empty>
      {isFiltered ? 'No task matches these filters.' : 'You have submitted no task yet. '}
      {isFiltered ? null : <Link href="/">Open a model and try it.</Link>}
    </Empty>
  );
}

/** The newest page is polled; older pages are loaded when they scroll into view. */
function useTasks({ model, state, span, whose }: Filters) {
  const query = new URLSearchParams({
    limit: String(PAGE),
    ...(model && { model }),
    ...(state && { state }),
    ...(whose && { all: 'true' }),
  });
  const read = (cursor: string | null) =>
    get<TaskPage>(`/tasks?${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
  const older = useInfiniteQuery({
    queryKey: ['tasks', model, state, whose],
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    // Every loaded page would be asked for again.
    refetchOnWindowFocus: false,
  });
  const newest = useQuery({
    queryKey: ['newest tasks', model, state, whose],
    queryFn: () => read(null),
    refetchInterval: 2_000,
  });
  const since = span === '' ? 0 : Date.now() - (SPANS[span] ?? 0) * 60_000;
  const tasks = useMemo(() => {
    const merged = new Map<string, Task>();
    for (const task of older.data?.pages.flatMap((page) => page.tasks) ?? []) merged.set(task.id, task);
    for (const task of newest.data?.tasks ?? []) merged.set(task.id, task);
    return [...merged.values()]
      .filter(({ created_at }) => Date.parse(created_at) >= since)
      .sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : a.id < b.id ? 1 : -1));
  }, [older.data, newest.data, since]);
  const reachesBack = Date.parse(older.data?.pages.at(-1)?.tasks.at(-1)?.created_at ?? '') >= since;
  const hasMore = older.hasNextPage && reachesBack;
  const { fetchNextPage, isFetchingNextPage } = older;
  const more = useCallback(() => {
    if (hasMore && !isFetchingNextPage) void fetchNextPage();
  }, [hasMore, isFetchingNextPage, fetchNextPage]);
  return { tasks, error: older.error ?? newest.error, isPending: older.isPending, hasMore, more };
}

interface FilterBarProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

function FilterBar({ filters, onChange }: FilterBarProps) {
  const { may, me, logOut } = useSession();
  const models = useQuery({
    queryKey: ['models'],
    queryFn: () => get<{ models: readonly Model[] }>('/models?all=true'),
    enabled: may('GET', '/models'),
  });
  const select = (name: keyof Filters, label: string, options: readonly string[], all: string) => (
    <label>
      {label}
      <select value={filters[name]} onChange={(event) => onChange({ ...filters, [name]: event.currentTarget.value })}>
        <option value="">{all}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
  const names = models.data?.models.map(({ name }) => name) ?? [];
  return (
    <form className="filters" aria-label="Filters">
      {me.role === 'admin' && logOut ? select('whose', 'Whose', ["everybody's"], 'mine') : null}
      {select('model', 'Model', names, 'all')}
      {select('state', 'State', TASK_STATES, 'all')}
      {select('span', 'Last', Object.keys(SPANS), 'any time')}
    </form>
  );
}
