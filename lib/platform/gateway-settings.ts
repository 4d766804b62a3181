import { createDockerEngine, DockerInstanceController } from '#adapters/docker/index.ts';
import type { InstanceController } from '#core';
import { type AuthSettings, authSettingsFrom } from './auth-settings.ts';
import { corsOriginsFrom, ENV, readInteger, readOptional } from './environment.ts';
import type { Platform } from './platform.ts';

/** Settings of a gateway process besides those of its platform. */
export interface GatewaySettings extends AuthSettings {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Concurrent requests. More are answered 429. */
  readonly maxRequests: number;
  /** Origins of other servers whose pages may send requests. */
  readonly origins: readonly string[];
}

/** Throws an error that names the malformed variable. */
export function gatewaySettingsFrom(env: NodeJS.ProcessEnv): GatewaySettings {
  const host = readOptional(env, ENV.host) ?? '127.0.0.1';
  return {
    ...authSettingsFrom(env, host),
    host,
    port: readInteger(env, ENV.port, { min: 0, max: 65_535, default: 8000 }),
    maxRequests: readInteger(env, ENV.maxRequests, { min: 1, max: 100_000, default: 5_000 }),
    origins: corsOriginsFrom(env) ?? [],
  };
}

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
