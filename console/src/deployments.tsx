import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import { Empty, Failure, State, Table, Time } from './ui.tsx';

interface Deployment {
  readonly number: number;
  readonly kind: string;
  readonly state: string;
  readonly version: string;
  readonly reasons: readonly string[];
  readonly created_at: string;
}

const ROUTE = '/models/{model}/deployments';
const SHOWN = 20;

interface DeploymentsProps {
  readonly model: string;
  /** Newest first. */
  readonly versions: readonly string[];
}

/** Deploys a version of a model, rolls back, and lists the decisions with their reasons. */
export function Deployments({ model, versions }: DeploymentsProps) {
  const { may } = useSession();
  const { data, error } = useQuery({
    queryKey: ['deployments', model],
    queryFn: () =>
      get<{ deployments: readonly Deployment[] }>(`/models/${encodeURIComponent(model)}/deployments?limit=${SHOWN}`),
    refetchInterval: 5_000,
  });
  const deployed = data?.deployments.find(({ state }) => state === 'deployed');
  return (
    <section aria-label="Deployments">
      <h2>Deployments</h2>
      {data ? <p>{deployed ? `Version ${deployed.version} is deployed.` : 'No version is deployed yet.'}</p> : null}
      {may('POST', ROUTE) ? (
        <Deploy model={model} versions={versions} />
      ) : (
        <p className="faint">Operators deploy versions on this page.</p>
      )}
      {error && !data ? <Failure error={error} /> : null}
      {data?.deployments.length === 0 ? (
        <Empty>Nothing has been decided about {model}. Choose a version above and deploy it.</Empty>
      ) : null}
      {data && data.deployments.length > 0 ? (
        <Table label="Decisions" titles={['Number', 'Decision', 'Version', 'Outcome', 'Reasons', 'Time']}>
          {data.deployments.map(({ number, kind, version, state, reasons, created_at }) => (
            <tr key={number}>
              <td>{number}</td>
              <td>{KINDS[kind] ?? kind}</td>
              <td>{version}</td>
              <td>
                <State state={state} />
              </td>
              <td className="breaks">{reasons.join(' ') || 'It passed the gate.'}</td>
              <td>
                <Time at={created_at} />
              </td>
            </tr>
          ))}
        </Table>
      ) : null}
    </section>
  );
}

const KINDS: Readonly<Record<string, string>> = { deploy: 'deploy', rollback: 'roll back' };

function Deploy({ model, versions }: DeploymentsProps) {
  const client = useQueryClient();
  const [version, setVersion] = useState(versions[0] ?? '');
  const [isForced, setForced] = useState(false);
  const path = `/models/${encodeURIComponent(model)}`;
  const refresh = () =>
    Promise.all(['deployments', 'versions'].map((key) => client.invalidateQueries({ queryKey: [key, model] })));
  const deploying = useMutation({
    mutationFn: () =>
      get(`${path}/deployments`, { method: 'POST', body: { version, ...(isForced ? { force: true } : {}) } }),
    onSettled: refresh,
  });
  const rollingBack = useMutation({
    mutationFn: () => get(`${path}/rollback`, { method: 'POST', body: {} }),
    onSettled: refresh,
  });
  const isBusy = deploying.isPending || rollingBack.isPending;
  return (
    <form
      className="filters"
      aria-label="Deploy a version"
      onSubmit={(event) => {
        event.preventDefault();
        deploying.mutate();
      }}
    >
      <label>
        Version to deploy
        <select value={version} onChange={(event) => setVersion(event.currentTarget.value)}>
          {versions.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        <input type="checkbox" checked={isForced} onChange={() => setForced(!isForced)} />
        Also if it is worse than the deployed version
      </label>
      <button type="submit" disabled={isBusy}>
        {deploying.isPending ? 'Comparing …' : 'Deploy the version'}
      </button>
      <button type="button" className="quiet" disabled={isBusy} onClick={() => rollingBack.mutate()}>
        Roll back
      </button>
      {deploying.error ? <Failure error={deploying.error} /> : null}
      {rollingBack.error ? <Failure error={rollingBack.error} /> : null}
    </form>
  );
}
