import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { get } from './api.ts';
import { type Column, DataTable } from './data-table.tsx';
import { useSession } from './session.tsx';
import { TaskLink } from './task-link.tsx';
import { duration, Empty, Failure, Loading, Time } from './ui.tsx';

export interface Call {
  readonly id: string;
  readonly time: string;
  readonly user_id: string | null;
  readonly method: string;
  readonly route: string;
  readonly model: string | null;
  readonly task_id: string | null;
  readonly status: number;
  readonly duration_ms: number;
}

interface Page {
  readonly calls: readonly Call[];
  readonly next_cursor: string | null;
}

const COLUMNS: readonly Column<Call>[] = [
  { id: 'time', header: 'Time', cell: ({ time }) => <Time at={time} /> },
  { id: 'route', header: 'Route', cell: ({ method, route }) => <code>{`${method} ${route}`}</code> },
  {
    id: 'model',
    header: 'Model',
    cell: ({ model }) => (model === null ? '' : <Link href={`/models/${model}`}>{model}</Link>),
  },
  {
    id: 'status',
    header: 'Status',
    cell: ({ status }) => <span className={status < 400 ? 'good' : 'bad'}>{status}</span>,
  },
  { id: 'took', header: 'Took', cell: ({ duration_ms }) => duration(duration_ms) },
  {
    id: 'task',
    header: 'Task',
    cell: ({ task_id, user_id }) => (task_id === null ? '' : <TaskLink id={task_id} owner={user_id ?? undefined} />),
  },
];

const WITH_USER: readonly Column<Call>[] = [
  ...COLUMNS,
  { id: 'user', header: 'User', cell: ({ user_id }) => user_id ?? '–' },
];

/** My calls, and for admins those of everybody. */
export function Calls() {
  const { may } = useSession();
  const seesAll = may('GET', '/calls');
  const [isMine, setMine] = useState(!seesAll);
  const path = isMine ? '/users/me/calls' : '/calls';
  const { data, error, isPending, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['calls', path],
    queryFn: ({ pageParam }) =>
      get<Page>(`${path}?limit=100${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ''}`),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const calls = data?.pages.flatMap((page) => page.calls) ?? [];
  return (
    <>
      <h1>Calls</h1>
      {seesAll ? (
        <form className="filters">
          <label>
            Whose
            <select value={isMine ? 'mine' : 'all'} onChange={(event) => setMine(event.currentTarget.value === 'mine')}>
              <option value="all">everybody's</option>
              <option value="mine">mine</option>
            </select>
          </label>
        </form>
      ) : null}
      {isPending ? <Loading /> : null}
      {error ? <Failure error={error} /> : null}
      {data && calls.length === 0 ? (
        <Empty>No call has been recorded yet. Predictions and other requests appear here.</Empty>
      ) : null}
      {calls.length > 0 ? (
        <DataTable
          label="Calls"
          rows={calls}
          columns={isMine ? COLUMNS : WITH_USER}
          keyOf={({ id }) => id}
          onEnd={() => hasNextPage && void fetchNextPage()}
        />
      ) : null}
    </>
  );
}
