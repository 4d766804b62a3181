import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { get } from './api.ts';
import { PageOfModel } from './lifecycle-model.tsx';
import { Empty, Failure, Loading, State, Time } from './ui.tsx';

const Chart = lazy(() => import('./chart.tsx'));

interface Finding {
  readonly feature: string;
  readonly statistic: string;
  readonly value: number;
  readonly threshold: number;
  readonly p_value: number | null;
  readonly drifted: boolean;
}

interface Window {
  readonly version: string;
  readonly start: string;
  readonly state: string;
  readonly predictions: number;
  readonly drifted: boolean;
  readonly drift: readonly Finding[];
}

/** How far from their training the requests of a model are. */
export const DriftPage = () => (
  <PageOfModel title="Drift">{(model) => <DriftOf key={model} model={model} />}</PageOfModel>
);

function DriftOf({ model }: { readonly model: string }) {
  const { data, error, isPending } = useQuery({
    queryKey: ['monitor', model],
    queryFn: () => get<{ windows: readonly Window[] }>(`/models/${encodeURIComponent(model)}/monitor`),
    refetchInterval: 10_000,
  });
  if (isPending) return <Loading />;
  if (!data) return error ? <Failure error={error} /> : null;
  const windows = data.windows.toReversed();
  const features = [...new Set(windows.flatMap(({ drift }) => drift.map(({ feature }) => feature)))].sort();
  if (windows.length === 0) {
    return <Empty>{model} has no window of predictions. Deploy a version of it, and predict.</Empty>;
  }
  return (
    <>
      <WindowTable windows={data.windows} />
      {features.length === 0 ? <Empty>No window has been judged yet.</Empty> : null}
      {features.map((feature) => (
        <FeatureDrift key={feature} feature={feature} windows={windows} />
      ))}
    </>
  );
}

/** A p-value below the threshold is drift, and so is a distance above it. */
const measureOf = ({ p_value, value }: Finding): number => p_value ?? value;

function FeatureDrift({ feature, windows }: { readonly feature: string; readonly windows: readonly Window[] }) {
  const judged = windows.flatMap(({ start, drift }) => {
    const finding = drift.find((each) => each.feature === feature);
    return finding ? [{ start, finding }] : [];
  });
  const last = judged.at(-1)?.finding;
  if (!last) return null;
  const name = last.p_value === null ? last.statistic : `p of ${last.statistic}`;
  return (
    <section aria-label={`Drift of ${feature}`}>
      <h2>
        {feature} <State state={last.drifted ? 'drifted' : 'steady'} />
      </h2>
      <Suspense fallback={null}>
        <Chart
          label={`${feature}: ${name} was ${measureOf(last)} in the last window; the threshold is ${last.threshold}`}
          times={judged.map(({ start }) => start)}
          curves={[
            { name, colour: '--accent', values: judged.map(({ finding }) => measureOf(finding)) },
            { name: 'threshold', colour: '--bad', values: judged.map(({ finding }) => finding.threshold) },
          ]}
          height={160}
          hasAxes
        />
      </Suspense>
    </section>
  );
}

const WindowTable = ({ windows }: { readonly windows: readonly Window[] }) => (
  <div className="scroller small">
    <table aria-label="Windows">
      <thead>
        <tr>
          {['Window', 'Version', 'Predictions', 'State', 'Drifted features'].map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {windows.slice(0, 20).map(({ start, version, predictions, state, drift }) => (
          <tr key={`${start} ${version}`}>
            <td>
              <Time at={start} />
            </td>
            <td>{version}</td>
            <td>{predictions}</td>
            <td>{state}</td>
            <td>
              {drift
                .filter(({ drifted }) => drifted)
                .map(({ feature }) => feature)
                .join(', ') || 'none'}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
