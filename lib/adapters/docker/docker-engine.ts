import type Docker from 'dockerode';

/** A client of the engine behind a socket file, loaded and made when it is first called: most gateways have none. */
export function createDockerEngine(socketPath: string): () => Promise<Docker> {
  let engine: Promise<Docker> | undefined;
  return function dockerEngine() {
    engine ??= import('dockerode').then(({ default: Client }) => new Client({ socketPath }));
    return engine;
  };
}
