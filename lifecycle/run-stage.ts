import { type JsonObject, ModelyardError } from '#core';
import type { StageRequest } from '#proto/modelyard/v1/lifecycle_stage.ts';
import type { Lifecycle } from './lifecycle.ts';
import { relayEvents } from './relay.ts';
import type { StageRun } from './service.ts';
import { loadService } from './services.ts';

/** Runs one stage in this process and delivers the events that it has caused. Rejects as the stage does. */
export async function runStage(
  lifecycle: Lifecycle,
  { service: name, stage: stageName, arguments_json, owner }: StageRequest,
  run: Omit<StageRun, 'owner'>,
): Promise<JsonObject> {
  const service = await loadService(name);
  const stage = Object.hasOwn(service.stages, stageName) ? service.stages[stageName] : undefined;
  if (!stage) throw new ModelyardError('invalid_input', `The service ${name} has no stage ${stageName}.`);
  try {
    return await stage(lifecycle, JSON.parse(arguments_json) as JsonObject, { ...run, owner });
  } finally {
    await relayEvents(lifecycle, service.manifest);
  }
}
