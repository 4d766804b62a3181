import { useQuery } from '@tanstack/react-query';
import { get } from './api.ts';
import { DeployForm } from './deploy-form.tsx';
import { type Rollout, Rollouts } from './rollouts.tsx';
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

interface Decisions {
  readonly deployments: readonly Deployment[];
  readonly rollouts: readonly Rollout[];
}

const ROUTE = '/models/{model}/deployments';
const SHOWN = 20;

interface DeploymentsProps {
  readonly model: string;
  /** Newest first. */
  readonly versions: readonly string[];
}

/** Deploys a version of a model, shows its roll-outs, and lists the decisions with their reasons. */
export function Deployments({ model, versions }: DeploymentsProps) {
  const { may } = useSession();
  const mayDecide = may('POST', ROUTE);
  const { data, error } = useQuery({
    queryKey: ['deployments', model],
    queryFn: () => get<Decisions>(`/models/${encodeURIComponent(model)}/deployments?limit=${SHOWN}`),
    refetchInterval: 5_000,
  });
  const deployed = data?.deployments.find(({ state }) => state === 'deployed');
  return (
    <section aria-label="Deployments">
      <h2>Deployments</h2>
      {data ? <p>{deployed ? `Version ${deployed.version} is deployed.` : 'No version is deployed yet.'}</p> : null}
      {mayDecide ? (
        <DeployForm model={model} versions={versions} />
      ) : (
        <p className="faint">Operators deploy versions on this page.</p>
      )}
      {error && !data ? <Failure error={error} /> : null}
      {data ? <Rollouts model={model} rollouts={data.rollouts} mayDecide={mayDecide} /> : null}
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

const KINDS: Readonly<Record<string, string>> = { deploy: 'deploy', rollback: 'roll back', promotion: 'promote' };
