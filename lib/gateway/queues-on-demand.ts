import type { TaskQueue, TaskQueues } from '#core';

/**
 * Queues that are there from the moment somebody sends to one or asks for its depth: a model may register
 * from elsewhere at any time, and is not to be listed before it can be used.
 */
export function queuesOnDemand(
  queues: TaskQueues,
  { known, create }: { readonly known: readonly string[]; readonly create: (model: string) => Promise<void> },
): TaskQueues {
  const ready = new Map(known.map((model) => [model, Promise.resolve()]));

  function ensure(model: string): Promise<void> {
    const creating = ready.get(model) ?? create(model);
    ready.set(model, creating);
    // The next one who needs it tries again.
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
