import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from './api.ts';
import { TaskActions } from './task-actions.tsx';
import { TaskHistory } from './task-history.tsx';
import { Timeline } from './timeline.tsx';
import { isOver, type Task } from './types.ts';
import { CopyButton, Failure, JsonView, Loading, State } from './ui.tsx';

export const taskQuery = (id: string) => ({
  queryKey: ['task', id],
  queryFn: () => get<Task>(`/tasks/${encodeURIComponent(id)}`),
  refetchInterval: ({ state }: { readonly state: { readonly data: Task | undefined } }) =>
    state.data && isOver(state.data) ? (false as const) : 1_000,
});

/** One task: what happened to it, when, and what came of it. */
export function TaskPage({ id }: { readonly id: string }) {
  const { data: task, error, isPending } = useQuery(taskQuery(id));
  return (
    <>
      <p>
        <Link href="/tasks">← My tasks</Link>
      </p>
      <h1>
        Task <code>{id}</code>
      </h1>
      <CopyButton text={id} label="Copy the id" />
      {isPending ? <Loading /> : null}
      {error && !task ? <Failure error={error} /> : null}
      {task ? <TaskDetails task={task} /> : null}
    </>
  );
}

/** Also shown below the form of a model. */
export function TaskDetails({ task }: { readonly task: Task }) {
  return (
    <div className="task">
      <p>
        <State state={task.state} /> on <Link href={`/models/${task.model}`}>{task.model}</Link>
        {task.attempts > 1 ? `, after ${task.attempts} runs` : ''}
        {task.position === undefined ? '' : `, number ${task.position} in the queue`}
      </p>
      <TaskActions task={task} />
      <Timeline task={task} />
      <TaskHistory task={task} />
      {task.error ? (
        <div className="failure" role="alert">
          <p>
            <code>{task.error.code}</code> {task.error.message}
          </p>
          <p className="faint">
            {task.error.retryable ? 'The same request may succeed later.' : 'A retry fails again.'}
          </p>
        </div>
      ) : null}
      {task.state === 'succeeded' ? <JsonView name="result" value={task.result} /> : null}
    </div>
  );
}
