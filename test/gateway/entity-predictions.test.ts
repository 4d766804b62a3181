import { describe, expect, it } from 'vitest';
import { contractOf } from '#contract';
import { changeUser, PREDICTION_LOG_OWNER, registerInstance, STAGE_MODEL } from '#core';
import { StageRequest, StageResponse } from '#proto/modelyard/v1/lifecycle_stage.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { startGateway } from './access-harness.ts';

const folders = useDataFolders();
/** All fields, so that no feature is missing. */
const BODY = { value: 1, delay_seconds: 0 };

const INSTANCE = {
  ...({ id: 'i-2', model: STAGE_MODEL, state: 'ready', slots: 1, inFlight: 0 } as const),
  ...{ endpoint: 'http://127.0.0.1:1', image: 'node', runtimeVersion: '0' },
} as const;

async function aSystem() {
  const platform = await folders.open();
  await registerModelB(platform);
  const gateway = await startGateway({ platform });
  const user = await gateway.add('ann');
  const token = await gateway.login('ann');
  const predict = (model: string, as = token) =>
    gateway.ask(`/entities/country/DE/predict/${model}`, {
      ...{ token: as, body: BODY, headers: { Prefer: 'wait=0' } },
    });
  async function key(limits: Record<string, unknown>): Promise<string> {
    const { json } = await gateway.ask('/users/me/keys', { token, body: { name: 'k', ...limits } });
    return json.key;
  }
  return { ...gateway, user, token, predict, key };
}

describe('a prediction for an entity', () => {
  it('starts no stage of the lifecycle, and neither does any other submit', async () => {
    const { ask, token, platform, user } = await aSystem();
    const stage = { service: 'monitoring', stage: 'erase', arguments_json: '{}', owner: PREDICTION_LOG_OWNER };
    const instance = { ...INSTANCE, startedAt: platform.clock.now() };
    const limits = { maxAttempts: 1, timeoutSeconds: 60, maxInstances: 1, acceptWhenAsleep: true };
    await registerInstance(platform, {
      ...{ instance, contract: contractOf(StageRequest, StageResponse) },
      manifest: { description: 'Runs stages.', variants: [], limits },
    });

    const bodies = {
      ...{ '/entities/country/DE/predict/lifecycle': stage, '/entities/country/DE/predict/lifecycle@1': stage },
      ...{ '/predict/lifecycle': stage, '/predict/lifecycle@1': stage, '/api/predict/lifecycle@1': stage },
      ...{ '/models/lifecycle@1/tasks': stage, '/models/lifecycle@1/batches': [stage] },
      '/models/lifecycle@1/uploads': { size: 9, sha256: '0'.repeat(64) },
    };
    const answers = Object.entries(bodies).map(([path, body]) => ask(path, { token, body }));

    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Object.keys(bodies).map(() => 404));
    expect((await platform.tasks.list({ owner: user.id, limit: 9 })).tasks).toEqual([]);
  });

  it('counts for the limits of its user', async () => {
    const { predict, platform, user } = await aSystem();
    await changeUser(platform, user.id, (known) => ({ ...known, limits: { tasksPerDay: 2 } }));

    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await predict('model_b')).status);

    expect(statuses).toEqual([202, 202, 429]);
  });

  it('needs a key with the scope predict, for its model', async () => {
    const { predict, key, ask } = await aSystem();
    const [both, read, other] = [
      await key({ scopes: ['predict'], models: ['model_b'] }),
      await key({ scopes: ['read'] }),
      await key({ scopes: ['predict'], models: ['model_a'] }),
    ];

    expect((await predict('model_b', both)).status).toBe(202);
    expect((await predict('model_b', read)).status).toBe(403);
    expect((await predict('model_b', other)).status).toBe(403);
    expect((await predict('model_b@1', other)).status).toBe(403);
    expect((await ask('/entities/country/DE/predictions', { token: read })).status).toBe(200);
  });

  it('is not read through the path of another model', async () => {
    const { predict, key, ask } = await aSystem();
    const other = await key({ scopes: ['predict'], models: ['model_a'] });
    const { task_id: id } = (await predict('model_b')).json;

    const paths = [
      `/models/model_a/tasks/${id}`,
      `/models/model_a/result?task_id=${id}`,
      `/models/model_b/tasks/${id}`,
    ];
    const statuses = await Promise.all(paths.map(async (path) => (await ask(path, { token: other })).status));

    expect(statuses).toEqual([404, 404, 403]);
  });
});
