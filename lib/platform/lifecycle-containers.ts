import type { ContainerTasks } from '#adapters/aws/resources.ts';
import { CommandContainerRunner } from '#adapters/docker/command-container-runner.ts';
import { createDockerEngine } from '#adapters/docker/engine.ts';
import { EngineContainerRunner } from '#adapters/docker/engine-container-runner.ts';
import type { ContainerRunner } from '#core';
import { ENV, readOptional } from './environment.ts';
import type { LifecyclePlace } from './late-lifecycle.ts';
import { bucketOf } from './lifecycle-databases.ts';

/**
 * Runs containers of stages: on ECS where the stack has said how, otherwise by a Docker engine or a program of this
 * machine.
 */
export async function containerRunnerFrom(
  environment: NodeJS.ProcessEnv,
  connection: LifecyclePlace['connection'] = {},
): Promise<ContainerRunner> {
  const tasks = readOptional(environment, ENV.containerTasks);
  const place = bucketOf(readOptional(environment, ENV.artifacts));
  if (tasks === undefined || place === undefined) {
    const socket = readOptional(environment, ENV.containerSocket);
    if (socket !== undefined) return new EngineContainerRunner(createDockerEngine(socket));
    return new CommandContainerRunner(readOptional(environment, ENV.containerCommand) ?? 'docker');
  }
  const [{ EcsContainerRunner }, { FolderExchange }, { createEcsClient, createS3Client }] = await Promise.all([
    import('#adapters/aws/containers/ecs-container-runner.ts'),
    import('#adapters/aws/containers/folder-exchange.ts'),
    import('#adapters/aws/index.ts'),
  ]);
  const s3 = readOptional(environment, ENV.s3Endpoint);
  const endpoints = s3 === undefined ? {} : { endpoints: { s3 } };
  return new EcsContainerRunner({
    client: await createEcsClient(connection),
    tasks: JSON.parse(tasks) as ContainerTasks,
    exchange: new FolderExchange({ ...place, client: await createS3Client({ ...connection, ...endpoints }) }),
  });
}
