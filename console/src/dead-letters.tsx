import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { get } from './api.ts';
import { type Column, DataTable } from './data-table.tsx';
import { useSession } from './session.tsx';
import type { Task } from './types.ts';
import { Empty, Failure, Loading, Time } from './ui.tsx';

export const DEAD_LETTERS_ROUTE = '/models/{model}/dead-letters';
const LISTED = 100;

/** The newest dead letters of a model. */
const deadLettersQuery = (model: string) => ({
  queryKey: ['dead letters', model],
  queryFn: () => get<{ dead_letters: readonly Task[] }>(`/models/${model}/dead-letters?limit=${LISTED}`),
  refetchInterval: 5_000,
});

const COLUMNS: readonly Column<Task>[] = [
  { id: 'task', header: 'Task', cell: ({ id }) => <code>{id}</code> },
  { id: 'ended', header: 'Given up', cell: ({ ended_at }) => <Time at={ended_at} /> },
  { id: 'attempts', header: 'Runs', cell: ({ attempts }) => attempts },
  { id: 'error', header: 'Error', cell: ({ error }) => (error ? `${error.code}: ${error.message}` : '') },
];

/** The dead letters of a model, with buttons to redrive them. */
export function DeadLetters({ model }: { readonly model: string }) {
  const { may } = useSession();
  const client = useQueryClient();
  const path = `/models/${model}/dead-letters`;
  const letters = useQuery(deadLettersQuery(model));
  const redriving = useMutation({
    mutationFn: () => get<{ redriven: readonly string[] }>(`${path}/redrive`, { method: 'POST', body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: ['dead letters', model] }),
  });
  const rows = letters.data?.dead_letters ?? [];
  return (
    <>
      {letters.isPending ? <Loading /> : null}
      {letters.error && !letters.data ? <Failure error={letters.error} /> : null}
      {letters.data && rows.length === 0 ? <Empty>No task of this model was given up.</Empty> : null}
      {rows.length > 0 && may('POST', `${DEAD_LETTERS_ROUTE}/redrive`) ? (
        <p>
          <button type="button" disabled={redriving.isPending} onClick={() => redriving.mutate()}>
            Run them again
          </button>
        </p>
      ) : null}
      {redriving.data ? <p role="status">Tasks that run again: {redriving.data.redriven.length}.</p> : null}
      {redriving.error ? <Failure error={redriving.error} /> : null}
      {rows.length > 0 ? <DataTable label="Dead letters" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} /> : null}
    </>
  );
}
