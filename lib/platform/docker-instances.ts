import { createDockerEngine, DockerInstanceController } from '#adapters/docker/index.ts';
import type { InstanceController } from '#core';
import { ENV, readOptional } from './environment.ts';
import type { Platform } from './platform.ts';

/** Where the engine listens on every Linux and in every container that was given it. */
const SOCKET = '/var/run/docker.sock';

/** Control of the containers of one project; undefined where `MODELYARD_DOCKER_PROJECT` names none. */
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
