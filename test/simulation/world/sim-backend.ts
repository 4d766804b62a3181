import type { ByteStream } from '#runtime/backends/frames.ts';
import type { ModelBackend, ModelExit, ModelProcess } from '#runtime/backends/model-backend.ts';
import { ModelConnection } from '#runtime/backends/model-connection.ts';
import { type ModelServer, serveModel } from '#runtime/backends/serve-model.ts';
import type { Actor } from '../engine/engine.ts';
import type { Version } from './mixed-contracts.ts';
import { simModel } from './sim-model.ts';
import { traceLogger } from './trace-logger.ts';
import type { World } from './world.ts';

const START_MS = 30;
const SOCKET_MS = 0.2;

/** Starts model processes as actors, connected to their instance by the real protocol. They die with it. */
export function simBackend(world: World, instance: Actor, version: Version): ModelBackend {
  let launched = 0;
  return {
    launch() {
      launched += 1;
      return launch(world, instance, version, `${instance.name} model ${launched}`);
    },
  };
}

function launch(world: World, instance: Actor, version: Version, name: string): ModelProcess {
  const { engine, oracle } = world;
  const process = engine.spawn(name, instance.skewMs);
  let server: ModelServer | undefined;
  const connection = new ModelConnection(stream(world, process, (chunk) => server?.receive(chunk)));
  engine.after(process, START_MS, () => {
    server = serveModel({
      stream: stream(world, instance, (chunk) => connection.receive(chunk)),
      load: async () => simModel(world, process, version),
      logger: traceLogger(world, process),
    });
  });

  const exited = Promise.withResolvers<ModelExit>();
  world.onDeath(process, () => {
    engine.after(instance, SOCKET_MS, () => {
      const exit = { description: 'was killed by SIGKILL.' };
      connection.ended(exit);
      exited.resolve(exit);
    });
  });
  world.onDeath(instance, () => world.kill(process, 'with its instance'));
  // Not in the process itself, which may be blocked.
  const kill = () => engine.after(world.kernel, 0, () => world.kill(process, 'by its instance'));
  return {
    describe: () => connection.describe(),
    setUp: (variant, signal) => connection.setUp(variant, signal),
    run: (requests) => connection.run(requests),
    ping: () => connection.ping(),
    kill() {
      if (process.isAlive) oracle.modelKilled(process, instance);
      kill();
    },
    async close() {
      kill();
      await exited.promise;
    },
    exited: exited.promise,
  };
}

/** Bytes for another actor, in their order. One read returns all that have arrived, for example while it was frozen. */
function stream({ engine }: World, to: Actor, receive: (chunk: Uint8Array) => void): ByteStream {
  let unread: { readonly chunk: Uint8Array; readonly arrivesAt: number }[] = [];
  const read = () => {
    const arrived = unread.filter(({ arrivesAt }) => arrivesAt <= engine.now);
    unread = unread.filter(({ arrivesAt }) => arrivesAt > engine.now);
    if (arrived.length > 0) receive(Buffer.concat(arrived.map(({ chunk }) => chunk)));
  };
  return {
    write(chunk) {
      unread.push({ chunk, arrivesAt: engine.now + SOCKET_MS });
      engine.after(to, SOCKET_MS, read);
    },
  };
}
