import { expect, it } from 'vitest';
import { eraseTraces } from '#api/erase-traces.ts';
import { decodeEnvelope, eraseUser, type JsonObject, LIFECYCLE_SERVICES, newUserId, PREDICTION_LOG_OWNER } from '#core';
import { DELETED_USER } from '#lifecycle/erase-user.ts';
import { databaseOf } from '#lifecycle/lifecycle.ts';
import { runStage } from '#lifecycle/run-stage.ts';
import { loadService } from '#lifecycle/services.ts';
import type { FullPlatform } from '#platform/platform.ts';
import { StageRequest } from '#proto/modelyard/v1/lifecycle_stage.ts';
import { columnsWith, fillTables, isOfPeople } from './filled-tables.ts';
import { useLifecycle } from './support.ts';

const lifecycles = useLifecycle();

/** `tags` names what it describes. Without the setting, predictions that arrive late would be logged. */
const KEPT = ['monitoring.consents.owner', 'training.tags.owner'];

it('deleting a user leaves neither the id nor the name where services of the lifecycle name users', async () => {
  const lifecycle = await lifecycles.open();
  const platform = lifecycle.platform as FullPlatform;
  const add = async (name: string) => {
    const user = await platform.users.create({ name, role: 'user', passwordHash: '', createdAt: 0 });
    if (!user) throw new Error(`The name ${name} is taken.`);
    return user;
  };
  const [ann, bob] = [await add('ann'), await add('bob')];
  for (const user of [ann, bob]) await fillTables(lifecycle, user);
  const { query } = await databaseOf<{ runs: Record<string, unknown> }>(
    lifecycle,
    (await loadService('training')).manifest,
  );
  const [of] = await query.selectFrom('runs').selectAll().where('id', '=', ann.id).execute();
  for (const user_id of ['ann', 'joanna'])
    await query
      .insertInto('runs')
      .values({ ...of, id: user_id, user_id })
      .execute();
  const before = await Promise.all([columnsWith(lifecycle, ann.id), columnsWith(lifecycle, bob.id)]);

  const stages: StageRequest[] = [];
  const accept: FullPlatform['accept'] = async (task, message) => {
    const { request } = decodeEnvelope(message.body);
    if (request.kind === 'inline') stages.push(StageRequest.decode(request.bytes));
    return platform.accept?.(task, message);
  };
  const traced = { ...platform, accept };
  await eraseUser({ ...platform, eraseTraces: (id) => eraseTraces(traced, id) }, ann.id);
  const run = { taskId: 'task', attempt: 1, signal: new AbortController().signal };
  for (const stage of [...stages, ...stages]) await runStage(lifecycle, stage, run);

  expect(stages.map(({ service }) => service)).toEqual(LIFECYCLE_SERVICES);
  expect(before[0].filter(isOfPeople).length).toBeGreaterThan(15);
  const left = await columnsWith(lifecycle, ann.id);
  expect(left.filter(isOfPeople)).toEqual(KEPT);
  // The lineage of predictions is deleted as a whole, and what runs have answered is cleaned.
  expect(left.filter((column) => /^serving\.(predictions|used_rows)|document|output\b|payload/.test(column))).toEqual(
    [],
  );
  expect(await columnsWith(lifecycle, bob.id)).toEqual(before[1]);
  const names = await query
    .selectFrom('runs')
    .select('user_id')
    .where('id', 'in', ['ann', 'joanna'])
    .orderBy('id')
    .execute();
  expect(names).toEqual([{ user_id: DELETED_USER }, { user_id: 'joanna' }]);
});

it('a stage erases only users, and only for who deletes them', async () => {
  const lifecycle = await lifecycles.open();
  const run = { taskId: 'task', attempt: 1, signal: new AbortController().signal };
  const [ann, eve] = [newUserId('ann'), newUserId('eve')];
  const refusal = { code: 'invalid_input' };

  for (const service of LIFECYCLE_SERVICES) {
    const erase = (asked: JsonObject, owner: string) => lifecycle.perform(`${service}.erase`, asked, { ...run, owner });
    const args = { owner: ann, before: Date.now(), deleted: true };
    await expect(erase(args, eve), service).rejects.toMatchObject(refusal);
    await expect(erase({ ...args, deleted: false }, eve), service).rejects.toMatchObject(refusal);
    await expect(erase(args, ann), service).rejects.toMatchObject(refusal);
    if (service === 'monitoring') await erase({ ...args, deleted: false }, ann);
    else await expect(erase({ ...args, owner: 'e' }, PREDICTION_LOG_OWNER), service).rejects.toMatchObject(refusal);
  }
});
