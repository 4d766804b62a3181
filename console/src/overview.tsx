import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { Sparklines } from './curves.tsx';
import { DEAD_LETTERS_ROUTE } from './dead-letters.tsx';
import { INSTANCES_ROUTE } from './instances.tsx';
import { instancesQuery, modelsQuery, useLiveModels } from './models.ts';
import { useSession } from './session.tsx';
import { type ModelStats, STATS_ROUTE, statsQuery } from './stats.ts';
import type { Instance, Model } from './types.ts';
import { duration, Empty, Failure, Loading, State } from './ui.tsx';

/** All models with their health. */
export function Overview() {
  const { may } = useSession();
  const isLive = useLiveModels();
  const models = useQuery(modelsQuery({ isLive, isOperator: may('GET', DEAD_LETTERS_ROUTE) }));
  const names = models.data?.models.map(({ name }) => name) ?? [];
  const instances = useQueries({
    queries: names.map((name) => ({ ...instancesQuery(name, isLive), enabled: may('GET', INSTANCES_ROUTE) })),
  });
  const stats = useQueries({
    queries: names.map((name) => ({ ...statsQuery(name, isLive), enabled: may('GET', STATS_ROUTE) })),
  });

  return (
    <>
      <h1>Models</h1>
      {stats.some(({ data }) => data) ? (
        <p className="faint">Ended tasks, run times and curves are those of the last 15 minutes.</p>
      ) : null}
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
            <ModelCard model={model} instances={instances[i]?.data?.instances} stats={stats[i]?.data} />
          </li>
        ))}
      </ul>
    </>
  );
}

interface Health {
  readonly state: string;
  readonly reason?: string;
}

/** The state of a model, with its reason. Users do not see instances, also not one that starts. */
export function healthOf(model: Model, instances: readonly Instance[] | undefined): Health {
  if (model.failure && model.live_instances === 0) {
    return { state: 'failing', reason: `${model.failure.reason} (${model.failure.count} times)` };
  }
  const troubled = instances?.find(({ condition }) => condition !== null);
  if (troubled) return { state: 'failing', reason: `${troubled.id}: ${words(troubled.condition)}` };
  if (model.live_instances > 0) return { state: 'active' };
  const starting = instances?.find(({ state }) => state === 'starting');
  if (starting) return { state: 'waking', reason: `${starting.id} is starting` };
  if ((model.backlog ?? 0) === 0) return { state: 'asleep', reason: 'A request wakes it' };
  return instances
    ? { state: 'failing', reason: `No instance is ready; waiting tasks: ${model.backlog}` }
    : { state: 'waking', reason: `Tasks that wait for an instance: ${model.backlog}` };
}

/** The API counts no further. */
const MAX_COUNTED = 1000;

const countOf = (letters: number | null): string =>
  letters === null ? 'unknown' : letters < MAX_COUNTED ? String(letters) : `${MAX_COUNTED} or more`;

const words = (text: string | null): string => (text ?? '').replaceAll('_', ' ');

interface CardProps {
  readonly model: Model;
  readonly instances: readonly Instance[] | undefined;
  readonly stats: ModelStats | undefined;
}

function ModelCard({ model, instances, stats }: CardProps) {
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
        {model.dead_letters === undefined ? null : <Fact name="Dead letters" value={countOf(model.dead_letters)} />}
        {stats?.total.run_ms ? <Fact name="Run p50" value={duration(stats.total.run_ms.p50)} /> : null}
        {stats?.total.run_ms ? <Fact name="Run p99" value={duration(stats.total.run_ms.p99)} /> : null}
      </dl>
      {stats ? <Sparklines model={model.name} stats={stats} /> : null}
    </article>
  );
}

const Fact = ({ name, value }: { readonly name: string; readonly value: string | number }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
