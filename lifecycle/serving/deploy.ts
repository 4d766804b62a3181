import { decideGate, type GateInput, type JsonObject, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { retryConflicts } from '../retry-conflicts.ts';
import type { Stage, StageRun } from '../service.ts';
import { type DeployOrder, readDeployOrder } from './deploy-order.ts';
import { currentDeployment, presentDeployment, recordDecision } from './deployments.ts';
import { settleRejected } from './judge-rollouts.ts';
import { pointModel } from './point-model.ts';
import { servingDatabase } from './serving-database.ts';
import type { DeploymentRow } from './tables.ts';

/** Other versions that may be deployed while one decision is made. */
const MAX_TRIES = 10;

/**
 * Deploys a version of a model if it passes the gate, or in any case with `force`: for all tasks, for a share of them, or
 * as a shadow. A shadow never answers, so no gate refuses it unless its rule promotes it. The result says what was done
 * and why. The same task decides once.
 */
export const deploy: Stage = async (lifecycle, args, run) => {
  const order = readDeployOrder(args);
  const { model } = order;
  const { query } = await servingDatabase(lifecycle);
  const decided = query.selectFrom('deployments').selectAll().where('model', '=', model).where('id', '=', run.taskId);
  const row = (await decided.executeTakeFirst()) ?? (await decide(lifecycle, order, run));
  if (row.state !== 'refused') await pointModel(lifecycle, model, run.signal);
  return { ...presentDeployment(row), strategy: row.kind === 'deploy' ? 'all' : row.kind };
};

const decide = (lifecycle: Lifecycle, order: DeployOrder, run: StageRun): Promise<DeploymentRow> =>
  retryConflicts(() => tryDecide(lifecycle, order, run), {
    maxTries: MAX_TRIES,
    conflict: `Too many versions of ${order.model} are deployed at once.`,
  });

/** Resolves with undefined if another version was deployed meanwhile: the gate compares with that one then. */
async function tryDecide(lifecycle: Lifecycle, order: DeployOrder, run: StageRun): Promise<DeploymentRow | undefined> {
  const { model, force, minImprovement } = order;
  await settleRejected(lifecycle, model);
  const current = await currentDeployment(lifecycle, model);
  const found = await lifecycle.ask('training', 'version', { model, version: order.version });
  const version = String(found.version);
  const comparison = await compare(lifecycle, { model, version, other: current?.version }, run);
  const gate = decideGate({ ...comparison, minImprovement });
  // The first version has nothing to run beside.
  const strategy = current ? order.strategy : 'all';
  if (strategy !== 'all' && current?.version === version) {
    throw new ModelyardError('invalid_input', `Version ${version} is deployed already.`);
  }
  const staysShadow = strategy === 'shadow' && !order.rule.promote;
  const passed = gate.passed || force || staysShadow;
  const { artifact } = comparison;
  const guard = strategy === 'all' && current && current.version !== version && order.guardSeconds > 0;
  const rollout = guard
    ? { strategy: 'guard' as const, guardSeconds: order.guardSeconds }
    : strategy !== 'all' && { strategy, guardSeconds: 0 };
  return recordDecision(
    lifecycle,
    {
      ...{ id: run.taskId, model, kind: strategy === 'all' ? 'deploy' : strategy, version, artifact, owner: run.owner },
      state: passed ? (strategy === 'all' ? 'deployed' : 'started') : 'refused',
      previous: current?.version ?? '',
      reasons: JSON.stringify(reasonsOf(gate.reasons, order, current !== undefined)),
      comparison: JSON.stringify(comparison),
    },
    {
      current,
      ...(rollout && current
        ? { rollout: { ...order, ...rollout, champion: current.version, championArtifact: current.artifact } }
        : {}),
    },
  );
}

function reasonsOf(reasons: readonly string[], { force, strategy }: DeployOrder, hasCurrent: boolean): string[] {
  return [
    ...reasons,
    ...(force ? ['It was forced.'] : []),
    ...(hasCurrent || strategy === 'all' ? [] : ['Nothing was deployed before, so it gets all tasks.']),
  ];
}

interface Compared {
  readonly model: string;
  readonly version: string;
  readonly other: string | undefined;
}

/** On the rows that were held out from the version. */
async function compare(lifecycle: Lifecycle, { model, version, other }: Compared, run: StageRun) {
  const args: JsonObject = { model, version, ...(other === undefined || other === version ? {} : { other }) };
  return (await lifecycle.perform('training.evaluate', args, run)) as unknown as GateInput & {
    readonly artifact: string;
  };
}
