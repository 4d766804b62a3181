import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from './api.ts';
import { Contract } from './contract.tsx';
import { Curves } from './curves.tsx';
import { DEAD_LETTERS_ROUTE, DeadLetters } from './dead-letters.tsx';
import { INSTANCES_ROUTE, Instances } from './instances.tsx';
import { pollEvery } from './live-lists.ts';
import { instancesQuery, useLiveModels } from './models.ts';
import { healthOf } from './overview.tsx';
import { useSession } from './session.tsx';
import { STATS_ROUTE, statsQuery } from './stats.ts';
import { TryIt } from './try-it.tsx';
import type { DetailedModel } from './types.ts';
import { Failure, LoadingPage, State, Tabs } from './ui.tsx';

const TRY_IT = 'Try it';

/** One model: try it, its instances, its contract and its limits. */
export default function ModelPage({ name }: { readonly name: string }) {
  const { may } = useSession();
  const isLive = useLiveModels();
  const model = useQuery({
    queryKey: ['model', name],
    queryFn: () => get<DetailedModel>(`/models/${encodeURIComponent(name)}`),
    refetchInterval: pollEvery(2_000, isLive),
  });
  const seesInstances = may('GET', INSTANCES_ROUTE);
  const instances = useQuery({ ...instancesQuery(name, isLive), enabled: seesInstances });
  const stats = useQuery({ ...statsQuery(name, isLive), enabled: may('GET', STATS_ROUTE) });
  if (model.isPending) return <LoadingPage title={name} />;
  if (!model.data) {
    return (
      <>
        <p>
          <Link href="/">← Models</Link>
        </p>
        <h1>{name}</h1>
        {model.error ? <Failure error={model.error} /> : null}
      </>
    );
  }
  const { data } = model;
  const health = healthOf(data, instances.data?.instances);
  return (
    <>
      <h1>
        {name} <State state={health.state} />
      </h1>
      {health.reason === undefined ? null : <p className="faint">{health.reason}</p>}
      <p>{data.description}</p>
      <Tabs
        label={name}
        kept={TRY_IT}
        tabs={{
          [TRY_IT]: <TryIt model={data} />,
          ...(seesInstances
            ? { Instances: <Instances model={data} instances={instances.data?.instances ?? []} /> }
            : {}),
          ...(stats.data ? { Curves: <Curves stats={stats.data} /> } : {}),
          ...(may('GET', DEAD_LETTERS_ROUTE) ? { 'Dead letters': <DeadLetters model={name} /> } : {}),
          Contract: <Contract model={data} />,
          Limits: <Limits limits={data.limits} />,
        }}
      />
    </>
  );
}

const Limits = ({ limits }: Pick<DetailedModel, 'limits'>) => (
  <dl className="facts wide">
    {Object.entries(limits).map(([name, value]) => (
      <div key={name}>
        <dt>{name.replaceAll('_', ' ')}</dt>
        <dd>{value === null ? 'none' : String(value)}</dd>
      </div>
    ))}
  </dl>
);
