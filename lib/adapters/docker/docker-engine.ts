import type Docker from 'dockerode';

/** A Docker client that is loaded at its first call, because most gateways have no socket. */
export function createDockerEngine(socketPath: string): () => Promise<Docker> {
  let engine: Promise<Docker> | undefined;
  return function dockerEngine() {
    engine ??= import('dockerode').then(({ default: Client }) => new Client({ socketPath }));
    return engine;
  };
}
