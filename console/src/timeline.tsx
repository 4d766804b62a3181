import { isOver, type Task } from './types.ts';
import { duration, Time } from './ui.tsx';

/** Accepted → queued → run → written, with the time that each step took. */
export function Timeline({
  task: { created_at, started_at, ended_at, timings, state, estimated_start },
}: {
  readonly task: Task;
}) {
  const isEnded = isOver({ state });
  const steps = [
    { name: 'Accepted', at: created_at, took: '' },
    { name: 'Queued', at: started_at, took: tookOf(timings.queued_ms) ?? expected(estimated_start) },
    { name: 'Run', at: started_at && ended_at, took: tookOf(timings.run_ms) },
    {
      name: state === 'succeeded' ? 'Result written' : 'Ended',
      at: ended_at,
      took: tookOf(timings.total_ms, ' in all'),
    },
  ];
  return (
    <ol className="timeline" aria-label="Timeline">
      {steps.map(({ name, at, took = isEnded ? '' : '…' }) => (
        <li key={name} className={at ? 'done' : 'open'}>
          <strong>{name}</strong>
          <span>{took}</span>
          <span className="faint">{at ? <Time at={at} /> : isEnded ? 'never' : 'not yet'}</span>
        </li>
      ))}
    </ol>
  );
}

const tookOf = (ms: number | undefined, suffix = ''): string | undefined =>
  ms === undefined ? undefined : `${duration(ms)}${suffix}`;

const expected = (at: string | undefined): string | undefined =>
  at === undefined ? undefined : `starts in about ${duration(Math.max(0, Date.parse(at) - Date.now()))}`;
