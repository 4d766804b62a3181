import { useState } from 'react';
import { useDecisions } from './decisions.ts';
import { Failure } from './ui.tsx';

const STRATEGIES = {
  all: { label: 'all tasks', percent: 100 },
  canary: { label: 'a share of the tasks (canary)', percent: 10 },
  shadow: { label: 'none: it runs besides (shadow)', percent: 100 },
} as const;
type Strategy = keyof typeof STRATEGIES;

interface DeployFormProps {
  readonly model: string;
  /** Newest first. */
  readonly versions: readonly string[];
}

/** Deploys a version for all tasks, as a canary or as a shadow, and rolls back. */
export function DeployForm({ model, versions }: DeployFormProps) {
  const { deploying, rollingBack, isBusy } = useDecisions(model);
  const [version, setVersion] = useState(versions[0] ?? '');
  const [strategy, setStrategy] = useState<Strategy>('all');
  const [percent, setPercent] = useState(100);
  const [isForced, setForced] = useState(false);
  const choose = (next: Strategy) => {
    setStrategy(next);
    setPercent(STRATEGIES[next].percent);
  };
  return (
    <form
      className="filters"
      aria-label="Deploy a version"
      onSubmit={(event) => {
        event.preventDefault();
        deploying.mutate({
          version,
          ...(isForced ? { force: true } : {}),
          ...(strategy === 'all' ? {} : { strategy, share: percent / 100 }),
        });
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
        It answers
        <select value={strategy} onChange={(event) => choose(event.currentTarget.value as Strategy)}>
          {Object.entries(STRATEGIES).map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {strategy === 'all' ? null : (
        <label>
          Share of the tasks, in %
          <input
            type="number"
            min={0.1}
            max={100}
            step="any"
            required
            value={percent}
            onInput={(event) => setPercent(event.currentTarget.valueAsNumber)}
          />
        </label>
      )}
      <label>
        <input type="checkbox" checked={isForced} onChange={() => setForced(!isForced)} />
        Also if it is worse than the deployed version
      </label>
      <button type="submit" disabled={isBusy}>
        {deploying.isPending ? 'Comparing …' : 'Deploy the version'}
      </button>
      <button type="button" className="quiet" disabled={isBusy} onClick={() => rollingBack.mutate({})}>
        Roll back
      </button>
      {deploying.error ? <Failure error={deploying.error} /> : null}
      {rollingBack.error ? <Failure error={rollingBack.error} /> : null}
    </form>
  );
}
