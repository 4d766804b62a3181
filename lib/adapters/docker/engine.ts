import type Docker from 'dockerode';

/** A Docker client that is loaded at its first call, because most gateways have no socket. */
export function createDockerEngine(socketPath: string): () => Promise<Docker> {
  let engine: Promise<Docker> | undefined;
  return function dockerEngine() {
    engine ??= import('dockerode').then(({ default: Client }) => new Client({ socketPath }));
    return engine;
  };
}

/** The HTTP status of the engine's answer. Undefined when it did not answer. */
export const statusOf = (error: unknown): unknown =>
  error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;

/** The most frequent configuration error. */
const REFUSED = 'The Docker socket cannot be used: set DOCKER_GID to the group of the socket.';

/** Why there is no answer. */
export const silenceOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && error.code === 'EACCES'
    ? REFUSED
    : 'The Docker engine does not respond.';
