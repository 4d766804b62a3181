import { useDecisions } from './decisions.ts';
import { duration, Failure, State, Table, Time } from './ui.tsx';

/** A version that runs beside another one. */
export interface Rollout {
  readonly number: number;
  /** `guard`: the version answers all tasks, and the one before takes over if it fails. */
  readonly strategy: 'canary' | 'shadow' | 'guard';
  readonly state: string;
  readonly version: string;
  readonly champion: string;
  /** Of the tasks, from 0 to 1. */
  readonly share: number;
  readonly reasons: readonly string[];
  /** Of the version, then of the champion. */
  readonly tallies: readonly Tally[];
  readonly started_at: string;
  readonly ended_at: string | null;
}

interface Tally {
  readonly version: string;
  readonly tasks: number;
  readonly failed: number;
  /** Left out because the version was busy. */
  readonly dropped: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
}

interface RolloutsProps {
  readonly model: string;
  /** Newest first. */
  readonly rollouts: readonly Rollout[];
  readonly mayDecide: boolean;
}

/** The newest roll-out with both versions side by side, and the ones before. */
export function Rollouts({ model, rollouts: [newest, ...before], mayDecide }: RolloutsProps) {
  if (!newest) return null;
  const isOpen = newest.state === 'running' && newest.strategy !== 'guard';
  return (
    <section aria-label="Roll-out">
      <h2>
        Roll-out of version {newest.version} <State state={newest.state.replace('_', ' ')} />
      </h2>
      <p>{howOf(newest)}</p>
      <SideBySide rollout={newest} />
      <ul>
        {newest.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      {mayDecide && isOpen ? <End model={model} version={newest.version} /> : null}
      {before.length > 0 ? <Before rollouts={before} /> : null}
    </section>
  );
}

function howOf({ strategy, version, champion, share, started_at, ended_at }: Rollout) {
  const how = {
    canary: `Canary: it answers ${percent(share)} of the tasks, version ${champion} the others.`,
    shadow: `Shadow: version ${champion} answers, and version ${version} runs ${percent(share)} of the tasks besides.`,
    guard: `It answers all tasks, and version ${champion} takes over if it fails.`,
  }[strategy];
  return (
    <>
      {how} Since <Time at={started_at} />
      {ended_at === null ? '' : ', until '}
      {ended_at === null ? null : <Time at={ended_at} />}.
    </>
  );
}

/** The share of the answers that the rolled-out version gives. */
const weightOf = ({ strategy, share }: Rollout): number => ({ canary: share, shadow: 0, guard: 1 })[strategy];

function SideBySide({ rollout }: { readonly rollout: Rollout }) {
  const weight = weightOf(rollout);
  return (
    <Table
      label="Versions of the roll-out"
      titles={['Version', 'Answers', 'Tasks', 'Failed', 'Error rate', 'Latency (p50)', 'Latency (p95)']}
    >
      {rollout.tallies.map(({ version, tasks, failed, dropped, p50_ms, p95_ms }) => {
        const own = version === rollout.version ? weight : 1 - weight;
        return (
          <tr key={version}>
            <th scope="row">{version}</th>
            <td>
              <meter value={own} aria-label={`Share of the answers of version ${version}`} /> {percent(own)}
            </td>
            <td>
              {tasks}
              {dropped > 0 ? `, ${dropped} left out` : ''}
            </td>
            <td>{failed}</td>
            <td>{tasks === 0 ? '–' : percent(failed / tasks)}</td>
            <td>{duration(p50_ms)}</td>
            <td>{duration(p95_ms)}</td>
          </tr>
        );
      })}
    </Table>
  );
}

/** Ends a roll-out that runs, one way or the other. */
function End({ model, version }: { readonly model: string; readonly version: string }) {
  const { deploying, rollingBack, isBusy } = useDecisions(model);
  return (
    <p>
      <button type="button" disabled={isBusy} onClick={() => deploying.mutate({ version })}>
        Promote version {version}
      </button>{' '}
      <button type="button" disabled={isBusy} onClick={() => rollingBack.mutate({ version })}>
        Roll back version {version}
      </button>
      {deploying.error ? <Failure error={deploying.error} /> : null}
      {rollingBack.error ? <Failure error={rollingBack.error} /> : null}
    </p>
  );
}

const Before = ({ rollouts }: { readonly rollouts: readonly Rollout[] }) => (
  <details>
    <summary>Roll-outs before</summary>
    <Table label="Roll-outs before" titles={['Version', 'Strategy', 'Outcome', 'Reasons', 'Started']}>
      {rollouts.map(({ number, version, strategy, state, reasons, started_at }) => (
        <tr key={number}>
          <td>{version}</td>
          <td>{strategy}</td>
          <td>
            <State state={state.replace('_', ' ')} />
          </td>
          <td className="breaks">{reasons.join(' ')}</td>
          <td>
            <Time at={started_at} />
          </td>
        </tr>
      ))}
    </Table>
  </details>
);

const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const percent = (share: number): string => PERCENT.format(share);
