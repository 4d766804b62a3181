import { onlineFeatures } from '#lifecycle/features/online.ts';
import { openFeatures } from '#lifecycle/features/views.ts';
import { openLifecycleStores } from '#platform/lifecycle-stores.ts';
import { systemClock } from '#platform/platform.ts';

const [KEYS, LOOKUPS] = [100_000, 5_000];
const PAGE = 500;

/** Milliseconds of lookups of one entity in an online store with 100,000 keys, on SQLite. */
export async function onlineLookups(folder: string): Promise<{ readonly p50: number; readonly p99: number }> {
  const lifecycle = { stores: await openLifecycleStores({}, { folder }), platform: { clock: systemClock } as never };
  const { query } = await openFeatures(lifecycle);
  const definition = { entities: ['meter'], source: { dataset: 'loads' }, timestamp: 'at', features: ['power'] };
  const view = { name: 'load', version: 1, definition: JSON.stringify(definition), updated_at: 0, updated_by: 'bench' };
  await query.insertInto('feature_views').values(view).execute();
  for (let start = 0; start < KEYS; start += PAGE) {
    const rows = Array.from({ length: PAGE }, (_, at) => ({
      ...{ view: 'load', entity_key: `["${start + at}"]`, features: `{"power":${at}}` },
      ...{ event_at: Date.now(), known_at: Date.now(), source: '{}' },
    }));
    await query.insertInto('online_values').values(rows).execute();
  }
  const times: number[] = [];
  for (let lookup = 0; lookup < LOOKUPS; lookup += 1) {
    const body = { features: ['load:power'], entities: { meter: [(lookup * 7919) % KEYS] } };
    const startedAt = performance.now();
    await onlineFeatures(lifecycle, body);
    times.push(performance.now() - startedAt);
  }
  await lifecycle.stores.close();
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: sorted[LOOKUPS * 0.5] ?? 0, p99: sorted[LOOKUPS * 0.99] ?? 0 };
}
