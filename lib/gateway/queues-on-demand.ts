import type { TaskQueue, TaskQueues } from '#core';

/** Creates the queue of a model at its first send or depth request, because models may register at any time. */
export function queuesOnDemand(
  queues: TaskQueues,
  { known, create }: { readonly known: readonly string[]; readonly create: (model: string) => Promise<void> },
): TaskQueues {
  const ready = new Map(known.map((model) => [model, Promise.resolve()]));

  function ensure(model: string): Promise<void> {
    const creating = ready.get(model) ?? create(model);
    ready.set(model, creating);
    // The next caller retries.
    creating.catch(() => ready.delete(model));
    return creating;
  }

  return (model): TaskQueue => {
    const queue = queues(model);
    return {
      consume: (options) => queue.consume(options),
      async send(message) {
        await ensure(model);
        await queue.send(message);
      },
      async depth() {
        await ensure(model);
        return queue.depth();
      },
    };
  };
}
