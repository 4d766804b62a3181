import { join } from 'node:path';
import { awsEnvironment } from '#platform/aws.ts';
import { ENV } from '#platform/environment.ts';
import { Child } from './child.ts';
import type { DeployedStage } from './deployed-stage.ts';
import type { Emulator } from './emulator.ts';
import { keyOfInstance } from './instance-key.ts';
import type { Workplace } from './workplace.ts';

/**
 * Starts one process per model that works on the deployed queues and tables with the permissions of its task role, because
 * the emulator has no containers here. Resolves when all are ready.
 */
export async function startInstances(
  { endpoint, environment }: Emulator,
  { stack, settings }: DeployedStage,
  models: readonly string[],
  { root, signal }: Workplace,
): Promise<readonly Child[]> {
  // Without endpoints of their own, the clients find the emulator and the key in the environment, as on AWS.
  const { endpoints: _, ...onAws } = settings;
  const keys = await Promise.all(models.map((model) => keyOfInstance(endpoint, stack, model)));
  const children = models.map(
    (model, at) =>
      new Child(process.execPath, [join(root, 'model-containers/runtime/instance/main.ts')], {
        cwd: root,
        environment: {
          ...{ ...environment, ...awsEnvironment(onAws), ...keys[at], [ENV.model]: model },
          // The ids that `npm start` uses, because the tests expect them.
          ...{ [ENV.instanceId]: `${model}-1`, [ENV.stopSeconds]: '5' },
        },
        signal,
      }),
  );
  try {
    await Promise.all(children.map((child) => child.untilPrinted('"Ready."')));
  } catch (error) {
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
    throw error;
  }
  return children;
}
