import { useQuery } from '@tanstack/react-query';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import type { Task } from './types.ts';
import { Time } from './ui.tsx';

interface HistoryEvent {
  readonly event: string;
  readonly at: string;
  readonly attempt: number | null;
  readonly instance: string | null;
  readonly outcome: string | null;
  readonly error: Task['error'];
  readonly by: string | null;
}

/** All attempts with their errors, and actions of users. */
export function TaskHistory({ task }: { readonly task: Task }) {
  const { may } = useSession();
  const { data } = useQuery({
    // Again when the state has changed.
    queryKey: ['history', task.id, task.state, task.attempts],
    queryFn: () => get<{ events: readonly HistoryEvent[] }>(`/tasks/${encodeURIComponent(task.id)}/history`),
    enabled: may('GET', '/tasks/{id}/history'),
  });
  if (!data) return null;
  return (
    <details>
      <summary>History</summary>
      <ul>
        {data.events.map(({ event, at, attempt, instance, outcome, error, by }) => (
          <li key={`${event} ${at} ${attempt}`}>
            <Time at={at} /> {[event, outcome].filter((text) => text !== null).join(': ')}
            {attempt === null ? '' : `, run ${attempt}`}
            {instance === null ? '' : ` on ${instance}`}
            {by === null ? '' : ` by ${by}`}
            {error ? (
              <span className="bad">
                {' '}
                {error.code}: {error.message}
              </span>
            ) : null}
          </li>
        ))}
      </ul>
    </details>
  );
}
