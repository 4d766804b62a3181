import { Suspense } from 'react';
import { Link } from 'wouter';
import type { DriftFinding, MonitorReport, MonitorWindow } from '../../lib/core/lifecycle/monitor.ts';
import { later } from './later.ts';
import { PageOfModel } from './lifecycle-model.tsx';
import { Empty, State, Table, Time } from './ui.tsx';

const Chart = later(() => import('./chart.tsx'));

/** How far from their training the requests of a model are. */
export const DriftPage = () => (
  <PageOfModel<MonitorReport> title="Drift" part="monitor">
    {(model, report) => <DriftOf model={model} report={report} />}
  </PageOfModel>
);

function DriftOf({ model, report }: { readonly model: string; readonly report: MonitorReport }) {
  const windows = report.windows.toReversed();
  const features = [...new Set(windows.flatMap(({ drift }) => drift.map(({ feature }) => feature)))].sort();
  if (windows.length === 0) {
    return (
      <Empty>
        {model} has no window of predictions. <Link href="/versions">Deploy a version of it</Link>, and predict.
      </Empty>
    );
  }
  return (
    <>
      <WindowTable windows={report.windows} />
      {features.length === 0 ? <Empty>No window has been judged yet.</Empty> : null}
      {features.map((feature) => (
        <FeatureDrift key={feature} feature={feature} windows={windows} />
      ))}
    </>
  );
}

/** A p-value below the threshold is drift, and so is a distance above it. */
const measureOf = ({ p_value, value }: DriftFinding): number => p_value ?? value;

function FeatureDrift({ feature, windows }: { readonly feature: string; readonly windows: readonly MonitorWindow[] }) {
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

const WindowTable = ({ windows }: { readonly windows: readonly MonitorWindow[] }) => (
  <Table label="Windows" titles={['Window', 'Version', 'Predictions', 'State', 'Drifted features']}>
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
  </Table>
);
