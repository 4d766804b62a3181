import { type Deployment, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { CHAMPION, currentDeployment, servingDatabase } from './deployments.ts';

const FIRST_START_MS = 30_000;
const RETRY_MS = 500;

/**
 * Shows instances what to serve, and the alias `champion` too. Instances swap at their next heartbeat. Rejects with
 * `no_live_instance` for a model that was never started, because it has no contract.
 */
export async function pointModel(lifecycle: Lifecycle, model: string, signal: AbortSignal): Promise<void> {
  await untilRegistered(lifecycle, model, signal);
  for (;;) {
    // Read each time: the newest decision wins, whoever writes last.
    const current = await currentDeployment(lifecycle, model);
    if (!current) return;
    const { version, artifact } = current;
    if (await wrote(lifecycle, model, { version, artifact })) {
      await lifecycle.ask('training', 'point-alias', { model, alias: CHAMPION, version });
      return;
    }
  }
}

/** Starts deployed models that were never started: they have no contract to point at before. */
export async function startDeployed(lifecycle: Lifecycle): Promise<void> {
  const { instances, registry } = lifecycle.platform;
  if (!instances) return;
  const { query } = await servingDatabase(lifecycle);
  const models = await query
    .selectFrom('deployments')
    .select('model')
    .distinct()
    .where('state', '=', 'deployed')
    .execute();
  for (const { model } of models) {
    if (await registry.readModel(model)) continue;
    // A model that this process does not have is started elsewhere.
    const running = await instances.list(model).catch(() => undefined);
    if (running?.length === 0) await instances.launch(model).catch(() => undefined);
  }
}

async function wrote({ platform }: Lifecycle, name: string, deployment: Deployment): Promise<boolean> {
  const { registry } = platform;
  const model = await registry.readModel(name);
  if (!model) return false;
  const isSame = model.deployment?.version === deployment.version && model.deployment.artifact === deployment.artifact;
  return isSame || registry.writeModel({ ...model, deployment, version: model.version + 1 });
}

async function untilRegistered({ platform }: Lifecycle, model: string, signal: AbortSignal): Promise<void> {
  const { registry, clock } = platform;
  const endsAt = clock.now() + FIRST_START_MS;
  while (!(await registry.readModel(model))) {
    signal.throwIfAborted();
    if (clock.now() > endsAt) {
      const message = `The model ${model} was never started. Start an instance first: POST /models/${model}/instances.`;
      throw new ModelyardError('no_live_instance', message);
    }
    await clock.sleep(RETRY_MS, signal);
  }
}
