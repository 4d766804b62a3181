import { ModelyardError } from '#core';
import type { Stage } from '../service.ts';
import { currentDeployment, presentDeployment, recordDecision } from './deployments.ts';
import { concludeRollout, settleRejected } from './judge-rollouts.ts';
import { pointModel } from './point-model.ts';
import { presentRollout, runningRollout } from './rollouts.ts';
import { servingDatabase } from './serving-database.ts';

/** Ends a canary or a shadow, or deploys the version again that was deployed before. */
export const rollBack: Stage = async (lifecycle, { model: name }, run) => {
  const model = String(name);
  await settleRejected(lifecycle, model);
  const { query } = await servingDatabase(lifecycle);
  const decided = query.selectFrom('deployments').selectAll().where('model', '=', model).where('id', '=', run.taskId);
  let row = await decided.executeTakeFirst();
  const rollout = await runningRollout(lifecycle, model);
  if (!row && rollout && rollout.strategy !== 'guard') {
    const ended = await concludeRollout(lifecycle, rollout, {
      ...{ outcome: 'roll-back', reasons: ['It was rolled back by a call.'], signal: run.signal },
    });
    return { ...presentRollout(ended), kind: 'rollback' };
  }
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
