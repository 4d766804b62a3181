import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import { type Stage, StageGraph } from './stage-graph.tsx';
import { Empty, Failure, Loading, State, Time } from './ui.tsx';

interface Pipeline {
  readonly name: string;
  readonly schedule?: unknown;
  readonly stages: readonly { readonly name: string; readonly uses: string; readonly after?: readonly string[] }[];
}

interface Run {
  readonly id: string;
  readonly pipeline: string;
  readonly state: string;
  readonly logical_date: string;
  readonly progress: { readonly ended: number; readonly stages: number };
  readonly created_at: string;
  readonly stages: readonly Stage[];
  readonly log?: readonly { readonly at: string; readonly stage: string | null; readonly text: string }[];
}

/** Every pipeline of the lifecycle, with its latest runs. */
export function PipelinesPage() {
  const { data, error, isPending } = useQuery({
    queryKey: ['pipelines'],
    queryFn: () => get<{ pipelines: readonly Pipeline[] }>('/pipelines'),
  });
  return (
    <>
      <h1>Pipelines</h1>
      {isPending ? <Loading /> : null}
      {error ? <Failure error={error} /> : null}
      {data?.pipelines.length === 0 ? (
        <Empty>
          There is no pipeline. Define one by <code>PUT /pipelines/{'{name}'}</code>; the page “The lifecycle” shows
          how.
        </Empty>
      ) : null}
      {data?.pipelines.map((pipeline) => (
        <PipelineRuns key={pipeline.name} name={pipeline.name} />
      ))}
    </>
  );
}

function PipelineRuns({ name }: { readonly name: string }) {
  const { may } = useSession();
  const client = useQueryClient();
  const path = `/pipelines/${encodeURIComponent(name)}/runs`;
  const runs = useQuery({
    queryKey: ['runs', name],
    queryFn: () => get<{ runs: readonly Run[] }>(`${path}?limit=10`),
    refetchInterval: 3_000,
  });
  const starting = useMutation({
    mutationFn: () => get<Run>(path, { method: 'POST', body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: ['runs', name] }),
  });
  return (
    <section className="card" aria-label={name}>
      <h2>{name}</h2>
      {may('POST', '/pipelines/{pipeline}/runs') ? (
        <button type="button" disabled={starting.isPending} onClick={() => starting.mutate()}>
          Start a run of {name}
        </button>
      ) : null}
      {starting.error ? <Failure error={starting.error} /> : null}
      {runs.data?.runs.length === 0 ? <p className="faint">It has not run yet.</p> : null}
      <ul>
        {runs.data?.runs.map(({ id, state, logical_date, progress, created_at }) => (
          <li key={id}>
            <Link href={`/pipelines/${name}/runs/${id}`}>{logical_date}</Link> <State state={state} /> {progress.ended}{' '}
            of {progress.stages} stages, started <Time at={created_at} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A run as a graph of its stages, with its log. */
export function RunPage({ pipeline, id }: { readonly pipeline: string; readonly id: string }) {
  const { may } = useSession();
  const client = useQueryClient();
  const path = `/pipelines/${encodeURIComponent(pipeline)}/runs/${encodeURIComponent(id)}`;
  const { data, error, isPending } = useQuery({
    queryKey: ['run', id],
    queryFn: () => get<Run>(path),
    refetchInterval: ({ state }) => (state.data && state.data.state !== 'running' ? false : 2_000),
  });
  const acting = useMutation({
    mutationFn: (verb: string) => get<Run>(`${path}/${verb}`, { method: 'POST', body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: ['run', id] }),
  });
  const verb = data?.state === 'running' ? 'cancel' : data?.state === 'failed' ? 'retry' : undefined;
  return (
    <>
      <p>
        <Link href="/pipelines">← Pipelines</Link>
      </p>
      <h1>
        {pipeline}, {data?.logical_date ?? '…'}
      </h1>
      {isPending ? <Loading /> : null}
      {error && !data ? <Failure error={error} /> : null}
      {data ? <State state={data.state} /> : null}{' '}
      {verb && may('POST', `/pipelines/{pipeline}/runs/{id}/${verb}`) ? (
        <button type="button" disabled={acting.isPending} onClick={() => acting.mutate(verb)}>
          {verb === 'cancel' ? 'Cancel the run' : 'Retry from the failed stage'}
        </button>
      ) : null}
      {acting.error ? <Failure error={acting.error} /> : null}
      {data ? <StageGraph stages={data.stages} /> : null}
      {data?.log ? <Log lines={data.log} /> : null}
    </>
  );
}

const Log = ({ lines }: { readonly lines: NonNullable<Run['log']> }) => (
  <figure className="json">
    <figcaption>Log</figcaption>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
    <pre tabIndex={0}>
      {lines.length === 0
        ? 'Nothing yet.'
        : lines.map(({ at, stage, text }) => `${at}  ${stage ?? '-'}  ${text}`).join('\n')}
    </pre>
  </figure>
);
