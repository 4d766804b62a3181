import type { PlaceStore } from '#core';
import type { DynamoTableOptions } from './dynamo-task-store.ts';

/** Each look reads tasks. */
const LOOK_MS = 1000;

/** Loaded by its first call: models without a limit need none of it. */
export function latePlaces(options: DynamoTableOptions): PlaceStore {
  let loading: ReturnType<typeof open> | undefined;
  const open = async () => (await import('./dynamo-places.ts')).dynamoPlaces(options);
  const load = () => {
    loading ??= open();
    return loading;
  };
  return {
    lookMs: LOOK_MS,
    take: async (...taken) => (await load()).take(...taken),
    free: async (...freed) => (await load()).free(...freed),
    oldest: async (...asked) => (await load()).oldest(...asked),
  };
}
