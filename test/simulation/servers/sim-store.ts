import { MemoryBlobStore } from '#adapters/memory/index.ts';
import { type BlobStore, type BlobStreams, CHEAP_CANCEL_PACE, inOnePiece, type TaskStore } from '#core';
import type { Actor } from '../engine/engine.ts';
import type { World } from '../world/world.ts';

/**
 * Makes each process's view of a store that runs as a server. The oracle is told of every change. `keepsRequests`: false
 * for rows without their requests, as an earlier build has made them.
 */
export function simStore(world: World, store: TaskStore, keepsRequests: boolean): (actor: Actor) => TaskStore {
  const observed = async <T>(id: string, change: Promise<T>): Promise<T> => {
    const answer = await change;
    world.oracle.stored(id, await store.get(id));
    return answer;
  };
  return (actor) => {
    const call = world.caller(actor, 'store');
    return {
      ...(keepsRequests ? { keepsRequests } : {}),
      cancels: {
        ...CHEAP_CANCEL_PACE,
        put: (model, mark) => call('put mark', () => store.cancels.put(model, mark)),
        get: (model) => call('get mark', () => store.cancels.get(model)),
      },
      batches: {
        create: (batch) => call('create batch', () => store.batches.create(batch)),
        get: (id) => call('get batch', () => store.batches.get(id)),
        put: (batch) => call('put batch', () => store.batches.put(batch)),
        eraseOf: (owner) => call('erase batches', () => store.batches.eraseOf(owner)),
      },
      places: {
        lookMs: store.places.lookMs,
        take: (...args) => call('take places', () => store.places.take(...args)),
        free: (...args) => call('free places', () => store.places.free(...args)),
        oldest: (...args) => call('oldest places', () => store.places.oldest(...args)),
      },
      heads: (ids) => call('heads', () => store.heads(ids)),
      create: (task) => {
        world.introduce(task.id, task.requestHash);
        return call('create', () => observed(task.id, store.create(task)), {
          about: task.id,
          describe: () => world.describe.alias(task.id),
        });
      },
      get: (id) =>
        call('get', () => store.get(id), {
          about: id,
          describe: () => world.describe.alias(id),
          show: (task) => (task ? `${task.state}, ${task.attempts} attempts` : 'none'),
        }),
      apply: (id, event) =>
        call('apply', () => observed(id, store.apply(id, event)), {
          about: id,
          describe: () =>
            `${world.describe.alias(id)} ${event.type}${'fence' in event ? ` fence ${event.fence}, attempts ${event.attempts}` : ''}`,
          show: String,
        }),
      withdraw: (task) =>
        call('withdraw', () => observed(task.id, store.withdraw(task)), {
          about: task.id,
          describe: () => world.describe.alias(task.id),
        }),
      erase: (task) => call('erase', () => store.erase(task)),
      list: (query) => call('list', () => store.list(query)),
      listDeadLetters: (query) => call('listDeadLetters', () => store.listDeadLetters(query)),
      countDeadLetters: (model) => call('countDeadLetters', () => store.countDeadLetters(model)),
      ...(store.untilEnded ? { untilEnded: untilEnded(world, actor, store) } : {}),
    };
  };
}

function untilEnded(world: World, actor: Actor, store: TaskStore): NonNullable<TaskStore['untilEnded']> {
  const call = world.caller(actor, 'store');
  return (id, signal) => {
    const gone = new AbortController();
    const told = call('untilEnded', () => store.untilEnded?.(id, gone.signal) ?? undefined, {
      about: id,
      describe: () => world.describe.alias(id),
    });
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        world.engine.after(world.host('store').actor, 1, () => gone.abort());
        resolve(undefined);
      });
      told.then(resolve, reject);
    });
  };
}

/** Makes each process's view of the blobs. */
export function simBlobs(world: World): (actor: Actor) => BlobStore & BlobStreams {
  const blobs = new MemoryBlobStore();
  return (actor) => {
    const call = world.caller(actor, 'store');
    const get = (key: string) => call('get blob', () => blobs.get(key));
    return {
      put: (key, bytes) => call('put blob', () => blobs.put(key, bytes)),
      get,
      async write(key, pieces) {
        const parts: Uint8Array[] = [];
        for await (const piece of pieces) parts.push(piece);
        await call('put blob', () => blobs.put(key, Buffer.concat(parts)));
      },
      async read(key) {
        const bytes = await get(key);
        return bytes && inOnePiece(bytes);
      },
      sizeOf: (key) => call('size of blob', () => blobs.sizeOf(key)),
    };
  };
}
