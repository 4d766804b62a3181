import { useMutation, useQueryClient } from '@tanstack/react-query';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import { isOver, type Task } from './types.ts';
import { Failure } from './ui.tsx';

/** The actions that the task allows now and the API supports. */
export function TaskActions({ task }: { readonly task: Task }) {
  const { may } = useSession();
  const client = useQueryClient();
  const acting = useMutation({
    mutationFn: (verb: string) => get<Task>(`/tasks/${task.id}/${verb}`, { method: 'POST' }),
    onSettled: () => client.invalidateQueries({ queryKey: ['task', task.id] }),
  });
  const canCancel = !isOver(task) && may('POST', '/tasks/{id}/cancel');
  const canRetry = (task.state === 'failed' || task.state === 'expired') && may('POST', '/tasks/{id}/retry');
  return (
    <>
      {canCancel ? (
        <button type="button" disabled={acting.isPending} onClick={() => acting.mutate('cancel')}>
          Cancel
        </button>
      ) : null}
      {canRetry ? (
        <button type="button" disabled={acting.isPending} onClick={() => acting.mutate('retry')}>
          Retry
        </button>
      ) : null}
      {acting.error ? <Failure error={acting.error} /> : null}
    </>
  );
}
