import type { Task } from './types.ts';
import { duration, Time } from './ui.tsx';

/** Accepted → queued → run → written, with the time that each step took. */
export function Timeline({
  task: { created_at, started_at, ended_at, timings, state, estimated_start },
}: {
  readonly task: Task;
}) {
  const steps = [
    { name: 'Accepted', at: created_at, took: undefined },
    { name: 'Queued', at: started_at, took: timings.queued_ms, note: expected(estimated_start) },
    { name: 'Run', at: ended_at, took: timings.run_ms },
    { name: state === 'succeeded' ? 'Result written' : 'Ended', at: ended_at, took: timings.total_ms },
  ];
  return (
    <ol className="timeline" aria-label="Timeline">
      {steps.map(({ name, at, took, note }, i) => (
        <li key={name} className={at ? 'done' : 'open'}>
          <strong>{name}</strong>
          <span>
            {i === 0 ? '' : took === undefined ? (note ?? '…') : i === 3 ? `${duration(took)} in all` : duration(took)}
          </span>
          <span className="faint">{at ? <Time at={at} /> : 'not yet'}</span>
        </li>
      ))}
    </ol>
  );
}

const expected = (at: string | undefined): string | undefined =>
  at === undefined ? undefined : `starts in about ${duration(Math.max(0, Date.parse(at) - Date.now()))}`;
