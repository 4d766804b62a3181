import { useState } from 'react';
import { Deployments } from './deployments.tsx';
import { PageOfModel } from './lifecycle-model.tsx';
import { useSession } from './session.tsx';
import { Empty, Scroller, Time } from './ui.tsx';

interface Version {
  readonly version: string;
  readonly created_at: string;
  readonly aliases: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly facts: Readonly<Record<string, string>>;
  readonly run: string;
}

interface VersionList {
  readonly versions: readonly Version[];
}

/** The trained versions of a model, side by side. */
export const VersionsPage = () => (
  <PageOfModel<VersionList> title="Versions" part="versions">
    {(model, { versions }) => <VersionsOf model={model} versions={versions} />}
  </PageOfModel>
);

/** Newest versions that are compared at first. */
const COMPARED = 2;

function VersionsOf({ model, versions }: VersionList & { readonly model: string }) {
  const { may } = useSession();
  const [chosen, choose] = useState<readonly string[]>();
  if (versions.length === 0) {
    return (
      <Empty>
        {model} has no trained version. A pipeline with the stage <code>training.train</code> makes one, as{' '}
        <code>npm run example</code> shows. Then it is compared and deployed here.
      </Empty>
    );
  }
  const names = chosen ?? versions.slice(0, COMPARED).map(({ version }) => version);
  const toggle = (name: string) =>
    choose(names.includes(name) ? names.filter((each) => each !== name) : [...names, name]);
  return (
    <>
      <fieldset className="filters">
        <legend>Compare</legend>
        {versions.slice(0, 20).map(({ version, aliases }) => (
          <label key={version}>
            <input type="checkbox" checked={names.includes(version)} onChange={() => toggle(version)} />
            {version} {aliases.join(', ')}
          </label>
        ))}
      </fieldset>
      <SideBySide versions={versions.filter(({ version }) => names.includes(version))} />
      {may('GET', '/models/{model}/deployments') ? (
        <Deployments model={model} versions={versions.map(({ version }) => version)} />
      ) : null}
    </>
  );
}

const NUMBERS = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });

const TITLES: Readonly<Record<string, string>> = {
  baseline_mae: 'error of the baseline (MAE)',
  baseline_rmse: 'error of the baseline (RMSE)',
  holdout_rows: 'rows held out',
  incomplete_rows: 'incomplete rows, left out',
  mae: 'error on the rows held out (MAE)',
  rmse: 'error on the rows held out (RMSE)',
  train_rmse: 'error in training (RMSE)',
  train_rows: 'rows for training',
  artifact: 'files, SHA-256',
  code_hash: 'code, SHA-256',
  data_hash: 'training set, SHA-256',
  environment: 'libraries',
  held_out_from: 'evaluated on rows from',
  order: 'trained with',
};

const titleOf = (name: string): string => TITLES[name] ?? name.replaceAll('_', ' ');

function SideBySide({ versions }: { readonly versions: readonly Version[] }) {
  const rows = (key: 'metrics' | 'facts') => [...new Set(versions.flatMap((each) => Object.keys(each[key])))].sort();
  return (
    <Scroller>
      <table aria-label="Versions side by side">
        <thead>
          <tr>
            <th scope="col">Version</th>
            {versions.map(({ version, aliases }) => (
              <th key={version} scope="col">
                {version} {aliases.length > 0 ? `(${aliases.join(', ')})` : ''}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">trained</th>
            {versions.map(({ version, created_at }) => (
              <td key={version}>
                <Time at={created_at} />
              </td>
            ))}
          </tr>
          {rows('metrics').map((name) => (
            <tr key={name}>
              <th scope="row">{titleOf(name)}</th>
              {versions.map(({ version, metrics }) => (
                <td key={version}>{metrics[name] === undefined ? '–' : NUMBERS.format(metrics[name])}</td>
              ))}
            </tr>
          ))}
          {rows('facts').map((name) => (
            <tr key={name}>
              <th scope="row">{titleOf(name)}</th>
              {versions.map(({ version, facts }) => (
                <td key={version} className="breaks">
                  {facts[name] ?? '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
