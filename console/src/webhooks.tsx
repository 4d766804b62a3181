import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import { isOver, type Task } from './types.ts';
import { Failure, State, Time } from './ui.tsx';

interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly url: string;
  readonly state: string;
  readonly created_at: string;
  readonly attempts: readonly { readonly at: string; readonly status: number | null; readonly error: string | null }[];
}

/** Who was told of the task, and telling them again. Nothing for tasks without a webhook. */
export function Webhooks({ task }: { readonly task: Task }) {
  const { may } = useSession();
  const client = useQueryClient();
  const queryKey = ['deliveries', task.id, isOver(task)];
  const path = `/tasks/${encodeURIComponent(task.id)}`;
  const { data } = useQuery({
    queryKey,
    queryFn: () => get<{ deliveries: readonly Delivery[] }>(`${path}/deliveries`),
    enabled: may('GET', '/tasks/{id}/deliveries'),
    refetchInterval: ({ state }) => (state.data?.deliveries.some((each) => each.state === 'pending') ? 3_000 : false),
  });
  const again = useMutation({
    mutationFn: (id: string) => get(`${path}/redeliver`, { method: 'POST', body: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey }),
  });
  if (!data || data.deliveries.length === 0) return null;
  return (
    <section aria-label="Webhook deliveries">
      <h2>Webhook deliveries</h2>
      {again.error ? <Failure error={again.error} /> : null}
      <ul>
        {data.deliveries.map(({ id, event, url, state, created_at, attempts }) => (
          <li key={id}>
            <Time at={created_at} /> <code>{event}</code> to {url} <State state={state} />{' '}
            {attempts.at(-1)?.error ?? attempts.at(-1)?.status ?? ''}{' '}
            {may('POST', '/tasks/{id}/redeliver') ? (
              <button type="button" className="quiet" disabled={again.isPending} onClick={() => again.mutate(id)}>
                Redeliver {event}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
