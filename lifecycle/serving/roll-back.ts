import { ModelyardError } from '#core';
import { invalidField } from '../json-body.ts';
import type { Stage } from '../service.ts';
import { currentDeployment, presentDeployment, recordDecision } from './deployments.ts';
import { concludeRollout, settleRejected } from './judge-rollouts.ts';
import { pointModel } from './point-model.ts';
import { presentRollout, runningRollout } from './rollouts.ts';
import { servingDatabase } from './serving-database.ts';

/**
 * Ends a canary or a shadow, or deploys the version again that was deployed before. Rejects with `conflict` if the version
 * that is rolled back is not `version`.
 */
export const rollBack: Stage = async (lifecycle, { model: name, version: asked }, run) => {
  const model = String(name);
  const isAsked = typeof asked === 'string' || typeof asked === 'number' || asked === undefined;
  if (!isAsked) throw invalidField('/version', 'must be a version');
  await settleRejected(lifecycle, model);
  const { query } = await servingDatabase(lifecycle);
  const decided = query.selectFrom('deployments').selectAll().where('model', '=', model).where('id', '=', run.taskId);
  let row = await decided.executeTakeFirst();
  const rollout = await runningRollout(lifecycle, model);
  if (!row && rollout && rollout.strategy !== 'guard') {
    requireVersion(asked, rollout.version);
    const ended = await concludeRollout(lifecycle, rollout, {
      ...{ outcome: 'roll-back', reasons: ['It was rolled back by a call.'], signal: run.signal },
    });
    if (ended.state !== 'rolled_back') {
      throw new ModelyardError('conflict', `The roll-out of version ${ended.version} has ended in the meantime.`);
    }
    return { ...presentRollout(ended), kind: 'rollback' };
  }
  if (!row) {
    const current = await currentDeployment(lifecycle, model);
    requireVersion(asked, current?.version);
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
    row = await recordDecision(
      lifecycle,
      {
        ...{ id: run.taskId, model, kind: 'rollback', state: 'deployed', owner: run.owner },
        ...{ version: target.version, artifact: target.artifact, previous: target.previous },
        ...{ reasons: JSON.stringify([`Version ${current?.version} was rolled back.`]), comparison: target.comparison },
      },
      { current },
    );
    if (!row) throw new ModelyardError('conflict', 'Another version was deployed in the meantime.');
  }
  await pointModel(lifecycle, model, run.signal);
  return presentDeployment(row);
};

/** What the caller wants to roll back may have ended since it looked. */
function requireVersion(asked: string | number | undefined, version: string | undefined): void {
  if (asked === undefined || String(asked) === version) return;
  const now = version === undefined ? 'nothing is deployed' : `it is version ${version} that would be rolled back`;
  throw new ModelyardError('conflict', `Version ${asked} cannot be rolled back: ${now}.`);
}
