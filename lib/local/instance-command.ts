import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LocalModel } from '#catalog/discover-models.ts';
import { ENV } from '#platform/environment.ts';
import { instanceSettingsFrom } from '#platform/instance-settings.ts';
import type { InstanceCommand } from './instance-process.ts';
import type { InstanceIdentity } from './supervised-instance.ts';

/** The image of instances under `npm start`. */
export const LOCAL_IMAGE = 'local process';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Caches: compiled code, which saves a third of the start of an instance, and Python packages. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'modelyard');

const GUARD = pathToFileURL(join(ROOT, 'lib/local/instance-guard.ts')).href;
const MAIN = join(ROOT, 'model-containers/runtime/instance/main.ts');
/** Less than the stop timeout of the supervisor, so that an instance can release unfinished tasks. */
const STOP_SECONDS = '110';

/** Half of the lease on AWS: a killed instance restarts within a second here, and its tasks should return soon. */
const LEASE_SECONDS = '15';

/**
 * Creates the commands that start instances with this platform environment. Throws one sentence about a variable that
 * is missing or invalid.
 */
export function instanceCommand(environment: NodeJS.ProcessEnv) {
  const shared = {
    [ENV.stopSeconds]: STOP_SECONDS,
    [ENV.leaseSeconds]: LEASE_SECONDS,
    NODE_COMPILE_CACHE: CACHE,
    ...environment,
    [ENV.image]: LOCAL_IMAGE,
    // Processes share the loopback interface; containers have their own address.
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
    arguments: ['--disable-warning=ExperimentalWarning', '--import', GUARD, MAIN],
    environment: { ...of(folder, identity), ...(python === undefined ? {} : { [ENV.python]: python }) },
  });
}
