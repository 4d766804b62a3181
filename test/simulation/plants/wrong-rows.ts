import type { TaskStore } from '#core';
import type { Engine } from '../engine/engine.ts';

/** One read in so many is answered with another row. */
const WRONG = 20;

/** A store like `store`, which answers some reads with the row that was read before, whoever's it was. */
export function withWrongRows(store: TaskStore, engine: Engine): TaskStore {
  let last: string | undefined;
  const idFor = (id: string): string => {
    const before = last ?? id;
    last = id;
    return engine.random.chance(1 / WRONG) ? before : id;
  };
  const { peek, untilEnded } = store;
  return {
    ...(store.keepsRequests ? { keepsRequests: true } : {}),
    cancels: store.cancels,
    batches: store.batches,
    places: store.places,
    heads: (ids) => store.heads(ids),
    create: (task) => store.create(task),
    get: (id) => store.get(idFor(id)),
    ...(peek ? { peek: (id) => peek.call(store, idFor(id)) } : {}),
    apply: (id, event) => store.apply(id, event),
    withdraw: (id) => store.withdraw(id),
    erase: (task) => store.erase(task),
    list: (query) => store.list(query),
    listDeadLetters: (query) => store.listDeadLetters(query),
    countDeadLetters: (model) => store.countDeadLetters(model),
    ...(untilEnded ? { untilEnded: (id, signal) => untilEnded.call(store, id, signal) } : {}),
  };
}
