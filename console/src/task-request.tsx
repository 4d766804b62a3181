import { useQuery } from '@tanstack/react-query';
import { get } from './api.ts';
import { requestOf } from './sent-requests.ts';
import { useSession } from './session.tsx';
import { isOver, type Task } from './types.ts';
import { Failure, JsonView } from './ui.tsx';

/** What was asked: as this tab has sent it, or as the API has kept it. */
export function TaskRequest({ task }: { readonly task: Task }) {
  const { may } = useSession();
  const sent = requestOf(task.id);
  const { data, error } = useQuery({
    // Again when it has ended.
    queryKey: ['request', task.id, isOver(task)],
    queryFn: () => get<{ readonly request: unknown }>(`/tasks/${encodeURIComponent(task.id)}/history?request=true`),
    enabled: sent === undefined && may('GET', '/tasks/{id}/history'),
  });
  const request = sent ?? data?.request;
  if (error && !data) return <Failure error={error} />;
  if (request === undefined) return null;
  if (request !== null) return <JsonView name="request" value={request} />;
  return (
    <p className="faint">
      {isOver(task)
        ? 'The request is not shown: the API has not kept it, or it is too large for an answer.'
        : 'The request is in the queue, and is shown when the task has ended.'}
    </p>
  );
}
