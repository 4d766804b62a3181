import { isDeepStrictEqual } from 'node:util';
import { type Deployment, type Model, ModelyardError, withoutRejected } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { CHAMPION, currentDeployment } from './deployments.ts';
import { deploymentOf, runningRollout } from './rollouts.ts';
import { servingDatabase } from './serving-database.ts';

const FIRST_START_MS = 30_000;
const RETRY_MS = 500;

/**
 * Publishes the version to serve to the instances, and moves the alias `champion`. Instances swap within two seconds.
 * Rejects with `no_live_instance` for a model that was never started, because it has no contract.
 */
export async function pointModel(lifecycle: Lifecycle, model: string, signal: AbortSignal): Promise<void> {
  await untilRegistered(lifecycle, model, signal);
  const { registry } = lifecycle.platform;
  for (;;) {
    // The row first: the optimistic lock of the row then refuses earlier decisions of other processes.
    const row = await registry.readModel(model);
    const current = await currentDeployment(lifecycle, model);
    if (!current || !row) return;
    const { version } = current;
    const deployment = keepRejected(row, deploymentOf(current, await runningRollout(lifecycle, model)));
    const isSame = isDeepStrictEqual(row.deployment, deployment);
    if (isSame || (await registry.writeModel({ ...row, deployment, version: row.version + 1 }))) {
      await lifecycle.ask('training', 'point-alias', { model, alias: CHAMPION, version });
      return;
    }
  }
}

/** What an instance has taken out of service stays so until its roll-out is ended. */
function keepRejected({ deployment: before }: Model, deployment: Deployment): Deployment {
  if (!before?.rejected) return deployment;
  return withoutRejected(deployment, before.rejected, { ofSameRollout: true }) ?? deployment;
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
