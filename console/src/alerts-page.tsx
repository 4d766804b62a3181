import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { get } from './api.ts';
import { type Column, DataTable } from './data-table.tsx';
import { Empty, Failure, Loading, State, Time } from './ui.tsx';

interface Alert {
  readonly fingerprint: string;
  readonly state: string;
  readonly rule: string;
  readonly model: string;
  readonly version: string;
  readonly feature: string | null;
  readonly reason: string;
  readonly started_at: string | null;
  readonly resolved_at: string | null;
  readonly silenced: boolean;
}

const COLUMNS: readonly Column<Alert>[] = [
  { id: 'state', header: 'State', cell: ({ state, silenced }) => <State state={silenced ? 'silenced' : state} /> },
  { id: 'model', header: 'Model', cell: ({ model }) => <Link href={`/models/${model}`}>{model}</Link> },
  { id: 'version', header: 'Version', cell: ({ version }) => version },
  { id: 'rule', header: 'Rule', cell: ({ rule }) => rule },
  { id: 'feature', header: 'Feature', cell: ({ feature }) => feature ?? '–' },
  { id: 'reason', header: 'Reason', cell: ({ reason }) => reason },
  { id: 'started', header: 'Since', cell: ({ started_at }) => <Time at={started_at} /> },
  { id: 'resolved', header: 'Resolved', cell: ({ resolved_at }) => <Time at={resolved_at} /> },
];

/** What the rules of the lifecycle have raised, newest first. */
export function AlertsPage() {
  const [state, setState] = useState('');
  const { data, error, isPending } = useQuery({
    queryKey: ['alerts', state],
    queryFn: () => get<{ alerts: readonly Alert[] }>(`/alerts${state === '' ? '' : `?state=${state}`}`),
    refetchInterval: 5_000,
  });
  return (
    <>
      <h1>Alerts</h1>
      <form className="filters">
        <label>
          State
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value="">all</option>
            <option>firing</option>
            <option>resolved</option>
          </select>
        </label>
      </form>
      {isPending ? <Loading /> : null}
      {error && !data ? <Failure error={error} /> : null}
      {data?.alerts.length === 0 ? (
        <Empty>
          There is no alert. Rules raise them: define one by <code>PUT /alert-rules/{'{rule}'}</code>.
        </Empty>
      ) : null}
      {data && data.alerts.length > 0 ? (
        <DataTable label="Alerts" rows={data.alerts} columns={COLUMNS} keyOf={({ fingerprint }) => fingerprint} />
      ) : null}
    </>
  );
}
