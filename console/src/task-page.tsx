import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { addressOf } from './api.ts';
import { Lineage } from './lineage.tsx';
import { useLiveTask } from './live-task.ts';
import { TaskActions } from './task-actions.tsx';
import { TaskHistory } from './task-history.tsx';
import { taskQuery } from './task-query.ts';
import { TaskRequest } from './task-request.tsx';
import { Timeline } from './timeline.tsx';
import type { Task } from './types.ts';
import { CopyButton, Failure, JsonView, Loading, State } from './ui.tsx';
import { Webhooks } from './webhooks.tsx';

/** One task: timeline, attempts, result and request. */
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
      {task ? <TaskRequest task={task} /> : null}
    </>
  );
}

/** Also shown below the form of a model. */
export function TaskDetails({ task }: { readonly task: Task }) {
  const parts = useLiveTask(task);
  return (
    <div className="task">
      <p>
        <State state={task.state} /> on <Link href={`/models/${task.model}`}>{task.model}</Link>
        {task.attempts > 1 ? `, after ${task.attempts} runs` : ''}
        {task.position === undefined ? '' : `, number ${task.position} in the queue`}
      </p>
      <TaskActions task={task} />
      {task.progress && task.state === 'running' ? <Progress progress={task.progress} /> : null}
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
      {task.state !== 'succeeded' && parts.length > 0 ? <JsonView name="parts of the result" value={parts} /> : null}
      {task.state === 'succeeded' ? <Result task={task} /> : null}
      <Lineage task={task} />
      <Webhooks task={task} />
    </div>
  );
}

/** The result, or links to one that no answer carries. */
function Result({ task: { result, links } }: { readonly task: Task }) {
  const files = { JSON: links?.result, protobuf: links?.result_protobuf };
  const known = Object.entries(files).flatMap(([name, link]) => (link === undefined ? [] : [{ name, link }]));
  if (result !== null || known.length === 0) return <JsonView name="result" value={result} />;
  return (
    <p>
      The result is too large for this page.{' '}
      {known.map(({ name, link }) => (
        <span key={name}>
          <a download href={addressOf(link)}>
            Download it as {name}
          </a>{' '}
        </span>
      ))}
    </p>
  );
}

const Progress = ({ progress: { fraction, message } }: { readonly progress: NonNullable<Task['progress']> }) => (
  <p>
    <progress aria-label="Progress" {...(fraction === null ? {} : { value: fraction })} />{' '}
    {fraction === null ? '' : `${Math.round(fraction * 100)} %`} {message}
  </p>
);
