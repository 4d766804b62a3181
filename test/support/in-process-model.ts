import type { ModelBackend, ModelExit, ModelProcess } from '#runtime/backends/model-backend.ts';
import { ModelConnection } from '#runtime/backends/model-connection.ts';
import { serveModel } from '#runtime/backends/serve-model.ts';
import type { ModelDefinition } from '#runtime/define-model.ts';
import { type InstanceOptions, ModelInstance } from '#runtime/instance/instance.ts';
import { RunningModel } from '#runtime/worker/running-model.ts';
import { silentLogger } from './silent-logger.ts';

// biome-ignore lint/suspicious/noExplicitAny: a definition of any model
type AnyModel = ModelDefinition<any, any, any>;

/** A backend whose model runs in this process, behind the frames of the real one. */
export interface InProcessBackend extends ModelBackend {
  /** Processes started so far. */
  readonly launches: number;
  /** Ends the process that runs now, as a crash does. */
  crash(description?: string): void;
}

export function inProcessBackend(definition: AnyModel): InProcessBackend {
  let launches = 0;
  let end: (description: string) => void = () => undefined;

  function launch(): ModelProcess {
    launches++;
    const exited = Promise.withResolvers<ModelExit>();
    let isRunning = true;
    const carry = (receive: (bytes: Uint8Array) => void) => ({
      write: (bytes: Uint8Array) => queueMicrotask(() => isRunning && receive(bytes)),
    });
    const connection: ModelConnection = new ModelConnection(carry((bytes) => server.receive(bytes)));
    const server = serveModel({
      stream: carry((bytes) => connection.receive(bytes)),
      load: async () => definition,
      logger: silentLogger,
    });
    end = (description) => {
      if (!isRunning) return;
      isRunning = false;
      connection.ended({ description });
      exited.resolve({ description });
    };
    const endThis = end;
    return {
      describe: () => connection.describe(),
      setUp: (variant, signal) => connection.setUp(variant, signal),
      run: (requests) => connection.run(requests),
      ping: () => connection.ping(),
      kill: () => endThis('was killed.'),
      close: async () => endThis('was closed.'),
      exited: exited.promise,
    };
  }

  return {
    launch,
    crash: (description = 'was killed by SIGSEGV.') => end(description),
    get launches() {
      return launches;
    },
  };
}

/** One life of an instance whose model runs in this process. */
export async function runInstance(
  definition: AnyModel,
  options: Omit<InstanceOptions, 'model'>,
  stop: AbortSignal,
): Promise<void> {
  const { clock } = options.platform;
  const model = new RunningModel({ backend: inProcessBackend(definition), clock, logger: silentLogger });
  await model.load();
  await new ModelInstance({ ...options, model }).run(stop);
}
