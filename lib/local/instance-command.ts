import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LocalModel } from '#catalog/discover-models.ts';
import { ENV } from '#platform/environment.ts';
import { instanceSettingsFrom } from '#platform/instance-settings.ts';
import type { InstanceCommand } from './instance-process.ts';
import type { InstanceIdentity } from './supervised-instance.ts';

/** The image of instances under `npm start`, which run as processes. */
export const LOCAL_IMAGE = 'local process';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What can be made again: compiled code, a third of the start of an instance, and the packages of models in Python. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'modelyard');

const LEASH = pathToFileURL(join(ROOT, 'lib/local/instance-leash.ts')).href;
const MAIN = join(ROOT, 'model-containers/runtime/instance/main.ts');
/** A little less than the supervisor waits, so that an instance gives back what it cannot finish. */
const STOP_SECONDS = '110';

/** Half of what it is on AWS: here a killed instance is back within a second, and its tasks should not be long behind. */
const LEASE_SECONDS = '15';

/**
 * How to start an instance of a model that finds its platform by these variables. Throws a sentence naming
 * the variable that would keep every instance from starting.
 */
export function instanceCommand(environment: NodeJS.ProcessEnv) {
  const shared = {
    [ENV.stopSeconds]: STOP_SECONDS,
    [ENV.leaseSeconds]: LEASE_SECONDS,
    NODE_COMPILE_CACHE: CACHE,
    ...environment,
    [ENV.image]: LOCAL_IMAGE,
    // Containers have their own address; processes share one, and are for this machine only.
    [ENV.healthHost]: '127.0.0.1',
    [ENV.healthPort]: '0',
    [ENV.endpoint]: '',
  };
  const of = (model: string, { id = '', variant = '' }: Partial<InstanceIdentity> = {}) => ({
    ...shared,
    [ENV.model]: model,
    [ENV.variant]: variant,
    [ENV.instanceId]: id,
  });
  instanceSettingsFrom(of('any'));
  return ({ folder }: LocalModel, identity: InstanceIdentity, python?: string): InstanceCommand => ({
    // The warning is about node:sqlite.
    arguments: ['--disable-warning=ExperimentalWarning', '--import', LEASH, MAIN],
    environment: { ...of(folder, identity), ...(python === undefined ? {} : { [ENV.python]: python }) },
  });
}
