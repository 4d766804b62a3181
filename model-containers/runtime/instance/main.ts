import { randomUUID } from 'node:crypto';
import { ModelyardError } from '#core';
import { ecsIdentity } from '#platform/ecs-identity.ts';
import { platformFromEnvironment } from '#platform/from-environment.ts';
import { instanceSettingsFrom } from '#platform/instance-settings.ts';
import { ModelInstance } from './instance.ts';
import { createJsonLogger } from './json-logger.ts';
import { loadDefinition } from './load-definition.ts';
import { scaleInProtection } from './scale-in-protection.ts';
import { stopSignal } from './stop-signal.ts';
import { unaskedExit } from './unasked-exit.ts';

const logger = createJsonLogger({});
const stop = stopSignal();
const isOver = unaskedExit(process, logger);
try {
  const { model, ...settings } = instanceSettingsFrom(process.env);
  const ecs = await ecsIdentity(process.env);
  const id = settings.id ?? ecs?.id ?? randomUUID();
  const platform = await platformFromEnvironment(process.env, (message) => logger.warn(message));
  const definition = await loadDefinition(model);
  const runtimeVersion = `node ${process.versions.node}`;
  await new ModelInstance({
    ...settings,
    ...(ecs ? { image: ecs.image } : {}),
    ...(ecs?.agentUri === undefined
      ? {}
      : { whileWorking: scaleInProtection({ agentUri: ecs.agentUri, clock: platform.clock, logger }) }),
    // A service of ECS would start another one at once: there, scaling takes idle instances away.
    staysWhenIdle: ecs !== undefined,
    ...{ id, definition, platform, logger, runtimeVersion },
  }).run(stop);
  await platform.close();
  isOver();
  logger.info('Stopped.');
  process.exit(0);
} catch (error) {
  if (error instanceof ModelyardError) {
    // A sentence that says what to do about it: where it was made helps nobody.
    logger.error(error.message, {
      code: error.code,
      reason: error.cause instanceof Error ? error.cause.message : undefined,
    });
  } else logger.error(error instanceof Error ? error.message : String(error), { error });
  process.exit(1);
}
