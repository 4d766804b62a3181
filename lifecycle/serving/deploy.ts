import { decideGate, type GateInput, type JsonObject, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { Stage, StageRun } from '../service.ts';
import { currentDeployment, presentDeployment, recordDecision, servingDatabase } from './deployments.ts';
import { pointModel } from './point-model.ts';

/**
 * Deploys a version of a model if it passes the gate, or in any case with `force`. The result says whether it was
 * deployed and why. The same task decides once.
 */
export const deploy: Stage = async (lifecycle, args, run) => {
  const { model, version, force = false, min_improvement: minImprovement = 0 } = args;
  if (typeof model !== 'string') throw invalid('model', 'a text');
  if (typeof version !== 'string' && typeof version !== 'number') throw invalid('version', 'a version or an alias');
  if (typeof minImprovement !== 'number' || minImprovement < 0) throw invalid('min_improvement', 'not negative');
  const { query } = await servingDatabase(lifecycle);
  const decided = query.selectFrom('deployments').selectAll().where('model', '=', model).where('id', '=', run.taskId);
  let row = await decided.executeTakeFirst();
  if (!row) {
    const current = await currentDeployment(lifecycle, model);
    const found = await lifecycle.ask('training', 'version', { model, version: String(version) });
    const comparison = await compare(
      lifecycle,
      { model, version: String(found.version), other: current?.version },
      run,
    );
    const gate = decideGate({ ...comparison, minImprovement });
    row = await recordDecision(lifecycle, {
      ...{ id: run.taskId, model, kind: 'deploy', version: String(found.version), owner: run.owner },
      state: gate.passed || force === true ? 'deployed' : 'refused',
      artifact: comparison.artifact,
      previous: current?.version ?? '',
      reasons: JSON.stringify(force === true ? [...gate.reasons, 'It was forced.'] : gate.reasons),
      comparison: JSON.stringify(comparison),
    });
  }
  if (row.state === 'deployed') await pointModel(lifecycle, model, run.signal);
  return presentDeployment(row);
};

const invalid = (name: string, must: string): ModelyardError =>
  new ModelyardError('invalid_input', `The argument ${name} must be ${must}.`);

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

/** Deploys the version again that was deployed before. */
export const rollBack: Stage = async (lifecycle, { model: name }, run) => {
  const model = String(name);
  const { query } = await servingDatabase(lifecycle);
  const decided = query.selectFrom('deployments').selectAll().where('model', '=', model).where('id', '=', run.taskId);
  let row = await decided.executeTakeFirst();
  if (!row) {
    const current = await currentDeployment(lifecycle, model);
    const before = query
      .selectFrom('deployments')
      .selectAll()
      .where('model', '=', model)
      .where('state', '=', 'deployed');
    const target = await before
      .where('version', '=', current?.previous ?? '')
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!target) throw new ModelyardError('invalid_input', `No version of ${model} was deployed before.`);
    row = await recordDecision(lifecycle, {
      ...{ id: run.taskId, model, kind: 'rollback', state: 'deployed', owner: run.owner },
      ...{ version: target.version, artifact: target.artifact, previous: target.previous },
      ...{ reasons: JSON.stringify([`Version ${current?.version} was rolled back.`]), comparison: target.comparison },
    });
  }
  await pointModel(lifecycle, model, run.signal);
  return presentDeployment(row);
};
