import { expect, it } from 'vitest';
import { databaseOf } from '#lifecycle/lifecycle.ts';
import { Input } from '#lifecycle/training/mlflow/input.ts';
import { RUN_ENDPOINTS } from '#lifecycle/training/mlflow/runs.ts';
import { training } from '#lifecycle/training/service.ts';
import type { TrainingTables } from '#lifecycle/training/tables.ts';
import { useLifecycle } from '../support.ts';

const lifecycles = useLifecycle();

// As MLflow 2 does; later clients keep models apart.
it('keeps the models that a client logs with a run, the newest one last', async () => {
  const lifecycle = await lifecycles.open();
  const database = await databaseOf<TrainingTables>(lifecycle, training.manifest);
  const tracking = { database, clock: lifecycle.platform.clock, user: 'ann' };
  const call = (name: string, fields: object) =>
    RUN_ENDPOINTS[name]?.(tracking, new Input(fields as Record<string, unknown>)) as Promise<{
      readonly run: { readonly info: { readonly run_id: string }; readonly data: { readonly tags: readonly object[] } };
    }>;
  const { run_id } = (await call('POST runs/create', {})).run.info;

  for (const artifact_path of ['first', 'second']) {
    await call('POST runs/log-model', { run_id, model_json: JSON.stringify({ artifact_path }) });
  }
  const { tags } = (await call('GET runs/get', { run_id })).run.data;

  expect(tags).toContainEqual({
    key: 'mlflow.log-model.history',
    value: '[{"artifact_path":"first"},{"artifact_path":"second"}]',
  });
  await expect(call('POST runs/log-model', { run_id, model_json: '{' })).rejects.toThrow('is not JSON');
});
