import { createDockerEngine, DockerInstanceController } from '#adapters/docker/index.ts';
import type { InstanceController } from '#core';
import { ENV, readOptional } from './environment.ts';
import type { Platform } from './platform.ts';

const SOCKET = '/var/run/docker.sock';

/** Instance control for the containers of one Compose project. Undefined when `MODELYARD_DOCKER_PROJECT` is not set. */
export function dockerInstancesFrom(
  env: NodeJS.ProcessEnv,
  { registry, clock }: Pick<Platform, 'registry' | 'clock'>,
  onTrouble: (message: string) => void,
): InstanceController | undefined {
  const project = readOptional(env, ENV.dockerProject);
  if (project === undefined) return undefined;
  const engine = createDockerEngine(SOCKET);
  return new DockerInstanceController({ engine, project, variantVariable: ENV.variant, registry, clock, onTrouble });
}
