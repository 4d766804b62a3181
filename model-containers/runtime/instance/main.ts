import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { ModelyardError } from '#core';
import { platformFromEnvironment } from '#platform/from-environment.ts';
import { ecsIdentity, instanceSettingsFrom } from '#platform/instance-settings.ts';
import { GATHER_MS } from '#platform/line-output.ts';
import { systemClock } from '#platform/platform.ts';
import { tracingFromEnvironment } from '#platform/tracing.ts';
import { backendOf } from '../backends/backend-of.ts';
import { RunningModel } from '../worker/running-model.ts';
import { showFailedStart } from './failed-start.ts';
import { ModelInstance } from './instance.ts';
import { createJsonLogger } from './json-logger.ts';
import { predictionLogOf } from './prediction-log.ts';
import { scaleInProtection } from './scale-in-protection.ts';
import { stopSignal } from './stop-signal.ts';

async function load(...[folder, options]: Parameters<typeof backendOf>): Promise<RunningModel> {
  const model = new RunningModel({ backend: await backendOf(folder, options), clock: systemClock, logger });
  await model.load();
  return model;
}

const logger = createJsonLogger({}, GATHER_MS);
const stop = stopSignal();
try {
  const { model: folder, python, containerUrl, ...settings } = instanceSettingsFrom(process.env);
  // Started first, because it takes longest.
  const loaded = load(folder, { python, containerUrl, environment: process.env });
  loaded.catch(() => undefined);
  const tracing = await tracingFromEnvironment(process.env, { service: 'modelyard-instance', logger });
  const ecs = await ecsIdentity(process.env);
  const platform = await platformFromEnvironment(process.env, (message) => logger.warn(message));
  const launch = ecs && (await platform.adoptLaunch?.(basename(folder), ecs.id));
  const id = launch?.id ?? settings.id ?? ecs?.id ?? randomUUID();
  const variant = launch?.variant ?? settings.variant;
  const runtimeVersion = `node ${process.versions.node}`;
  const startedAt = platform.clock.now();
  const model = await loaded.catch(async (error) => {
    const { image } = { ...settings, ...ecs };
    const failed = { id, model: basename(folder), image, runtimeVersion, startedAt, ...(variant && { variant }) };
    if (!stop.aborted) await showFailedStart({ ...platform, logger }, failed, error);
    await platform.close();
    throw error;
  });
  const { manifest } = model.description;
  const log = predictionLogOf({ platform, logger, instance: id, share: settings.logShare }, manifest);
  await new ModelInstance({
    ...settings,
    variant,
    ...(ecs ? { image: ecs.image } : {}),
    ...(ecs?.agentUri === undefined
      ? {}
      : { whileWorking: scaleInProtection({ agentUri: ecs.agentUri, clock: platform.clock, logger }) }),
    // An ECS service would replace an instance that stops itself. Auto scaling stops idle instances instead.
    staysWhenIdle: ecs !== undefined || settings.staysWhenIdle,
    ...{ id, model, platform, logger, log, tracing, runtimeVersion },
  })
    .run(stop)
    .finally(() => Promise.all([log?.close(), tracing?.close()]));
  await launch?.release();
  await platform.close();
  logger.info('Stopped.');
  process.exit(0);
} catch (error) {
  if (error instanceof ModelyardError) {
    // The message says how to fix the error; a stack would not help.
    logger.error(error.message, {
      code: error.code,
      reason: error.cause instanceof Error ? error.cause.message : undefined,
    });
  } else logger.error(error instanceof Error ? error.message : String(error), { error });
  process.exit(1);
}
