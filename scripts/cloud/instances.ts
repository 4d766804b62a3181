import { join } from 'node:path';
import { awsEnvironment } from '#platform/aws.ts';
import { ENV } from '#platform/environment.ts';
import { Child } from './child.ts';
import type { DeployedStage } from './deployed-stage.ts';
import type { Emulator } from './emulator.ts';
import type { Workplace } from './workplace.ts';

/**
 * One instance of each model, as a process of this machine that works on the deployed queues and tables: the
 * emulator runs no containers where there is no container engine. Resolves when all are ready.
 */
export async function startInstances(
  { environment }: Emulator,
  { settings }: DeployedStage,
  models: readonly string[],
  { root, signal }: Workplace,
): Promise<readonly Child[]> {
  const children = models.map(
    (model) =>
      new Child(process.execPath, [join(root, 'model-containers/runtime/instance/main.ts')], {
        cwd: root,
        environment: {
          ...{ ...environment, ...awsEnvironment(settings), [ENV.model]: model },
          // As the embedded system names its own, so that the same tests know them.
          ...{ [ENV.instanceId]: `${model}-1`, [ENV.stopSeconds]: '5' },
        },
        signal,
      }),
  );
  try {
    await Promise.all(children.map((child) => child.untilSaid('"Ready."')));
  } catch (error) {
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
    throw error;
  }
  return children;
}
