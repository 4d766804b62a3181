import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from './api.ts';
import { Sparkline } from './curves.tsx';
import { countOf, DEAD_LETTERS_ROUTE, deadLettersQuery } from './dead-letters.tsx';
import { useSession } from './session.tsx';
import { type ModelStats, STATS_ROUTE, statsQuery } from './stats.ts';
import type { Instance, Model, Task } from './types.ts';
import { duration, Empty, Failure, Loading, State } from './ui.tsx';

const INSTANCES = '/models/{model}/instances';

/** All models with their health. */
export function Overview() {
  const { may } = useSession();
  const models = useQuery({
    queryKey: ['models'],
    queryFn: () => get<{ models: readonly Model[] }>('/models?all=true'),
    refetchInterval: 2_000,
  });
  const names = models.data?.models.map(({ name }) => name) ?? [];
  const instances = useQueries({
    queries: names.map((name) => ({ ...instancesQuery(name), enabled: may('GET', INSTANCES) })),
  });
  const stats = useQueries({
    queries: names.map((name) => ({ ...statsQuery(name), enabled: may('GET', STATS_ROUTE) })),
  });
  const letters = useQueries({
    queries: names.map((name) => ({ ...deadLettersQuery(name), enabled: may('GET', DEAD_LETTERS_ROUTE) })),
  });

  return (
    <>
      <h1>Models</h1>
      {models.error && !models.data ? <Failure error={models.error} /> : null}
      {models.isPending ? <Loading /> : null}
      {models.data?.models.length === 0 ? (
        <Empty>
          No model has registered yet. Add a folder to <code>model-containers/models</code> and start it; the README
          shows how.
        </Empty>
      ) : null}
      <ul className="cards">
        {models.data?.models.map((model, i) => (
          <li key={model.name}>
            <ModelCard
              model={model}
              instances={instances[i]?.data?.instances}
              stats={stats[i]?.data}
              letters={letters[i]?.data?.dead_letters}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

export const instancesQuery = (model: string) => ({
  queryKey: ['instances', model],
  queryFn: () => get<{ instances: readonly Instance[] }>(`/models/${model}/instances`),
  refetchInterval: 2_000,
});

interface Health {
  readonly state: string;
  readonly reason?: string;
}

/** The state of a model, with its reason. */
export function healthOf(model: Model, instances: readonly Instance[] = []): Health {
  if (model.failure && model.live_instances === 0) {
    return { state: 'failing', reason: `${model.failure.reason} (${model.failure.count} times)` };
  }
  const troubled = instances.find(({ condition }) => condition !== null);
  if (troubled) return { state: 'failing', reason: `${troubled.id}: ${words(troubled.condition)}` };
  if (model.live_instances > 0) return { state: 'active' };
  const starting = instances.find(({ state }) => state === 'starting');
  if (starting) return { state: 'waking', reason: `${starting.id} is starting` };
  const isWaiting = (model.backlog ?? 0) > 0;
  return isWaiting
    ? { state: 'failing', reason: `${model.backlog} tasks wait and no instance is ready` }
    : { state: 'asleep', reason: 'A request wakes it' };
}

const words = (text: string | null): string => (text ?? '').replaceAll('_', ' ');

interface CardProps {
  readonly model: Model;
  readonly instances: readonly Instance[] | undefined;
  readonly stats: ModelStats | undefined;
  readonly letters: readonly Task[] | undefined;
}

function ModelCard({ model, instances, stats, letters }: CardProps) {
  const { state, reason } = healthOf(model, instances);
  const running = instances?.reduce((sum, { in_flight }) => sum + (in_flight ?? 0), 0);
  return (
    <article className="card">
      <h2>
        <Link href={`/models/${model.name}`}>{model.name}</Link> <State state={state} />
      </h2>
      {reason === undefined ? null : <p className="faint">{reason}</p>}
      <dl className="facts">
        <Fact name="Instances" value={model.live_instances} />
        <Fact name="Waiting" value={model.backlog ?? 'unknown'} />
        {running === undefined ? null : <Fact name="Running" value={running} />}
        {stats ? <Fact name="Succeeded" value={stats.total.succeeded} /> : null}
        {stats ? <Fact name="Failed" value={stats.total.failed + stats.total.expired} /> : null}
        {letters ? <Fact name="Dead letters" value={countOf(letters)} /> : null}
        {stats?.total.run_ms ? <Fact name="Run p50" value={duration(stats.total.run_ms.p50)} /> : null}
        {stats?.total.run_ms ? <Fact name="Run p99" value={duration(stats.total.run_ms.p99)} /> : null}
      </dl>
      {stats ? <Sparkline model={model.name} stats={stats} /> : null}
    </article>
  );
}

const Fact = ({ name, value }: { readonly name: string; readonly value: string | number }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
