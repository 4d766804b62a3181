import { CHEAP_LOOK_MS, type Place, type PlaceStore } from '#core';

/** The reference implementation of the port. */
export function memoryPlaces(assertReachable: () => void): PlaceStore {
  const models = new Map<string, Map<string, Place>>();
  return {
    lookMs: CHEAP_LOOK_MS,
    async take(model, places, max) {
      assertReachable();
      const taken = models.get(model) ?? new Map<string, Place>();
      models.set(model, taken);
      if (taken.size + places.length > max) return false;
      for (const place of places) taken.set(place.key, place);
      return true;
    },
    async free(model, places) {
      assertReachable();
      for (const { key } of places) models.get(model)?.delete(key);
    },
    async oldest(model, _max, limit) {
      assertReachable();
      return [...(models.get(model)?.values() ?? [])].slice(0, limit);
    },
  };
}
