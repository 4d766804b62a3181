import { randomUUID } from 'node:crypto';
import { platformFromEnvironment } from '#platform/from-environment.ts';
import { instanceSettingsFrom } from '#platform/instance-settings.ts';
import { ModelInstance } from './instance.ts';
import { createJsonLogger } from './json-logger.ts';
import { loadDefinition } from './load-definition.ts';
import { stopSignal } from './stop-signal.ts';

const logger = createJsonLogger({});
const stop = stopSignal();
try {
  const { model, id = randomUUID(), ...settings } = instanceSettingsFrom(process.env);
  const platform = await platformFromEnvironment(process.env, (message) => logger.warn(message));
  const definition = await loadDefinition(model);
  const runtimeVersion = `node ${process.versions.node}`;
  await new ModelInstance({ ...settings, definition, platform, logger, id, runtimeVersion }).run(stop);
  await platform.close();
  logger.info('Stopped.');
  process.exit(0);
} catch (error) {
  logger.error(error instanceof Error ? error.message : String(error), { error });
  process.exit(1);
}
