import type { Clock } from '../clock.ts';
import { unavailable } from '../errors.ts';
import { createLivenessJudge, type Instance } from '../instances/instance.ts';

import type { Model } from './model.ts';
import type { ModelRegistry, RegistrySnapshot } from './model-registry.ts';

/** An indexed snapshot, and the time for liveness checks. */
export interface DatedSnapshot {
  readonly modelsByName: ReadonlyMap<string, Model>;
  instancesOf(model: string): readonly Instance[];
  /** Names of the models of all instances, sorted. */
  readonly instanceModels: readonly string[];
  /** The current time; the snapshot's time while the registry is unavailable and heartbeats cannot be read. */
  asOf(): number;
}

/** How long a snapshot is served while the registry is unavailable. */
const MAX_OUTAGE_MS = 60_000;

/** Timeout before the cached snapshot is served. */
const PATIENCE_MS = 2000;

interface SnapshotDeps {
  readonly registry: ModelRegistry;
  readonly clock: Clock;
  /** @default `MAX_OUTAGE_MS` */
  readonly maxOutageMs?: number;
}

/** Shares one registry read between callers that accept the same staleness. */
export function cachedSnapshots({ registry, clock, maxOutageMs = MAX_OUTAGE_MS }: SnapshotDeps) {
  const judge = createLivenessJudge();
  let latest: { readonly takenAt: number; readonly snapshot: DatedSnapshot } | undefined;
  let reading: Promise<DatedSnapshot> | undefined;

  async function refresh(): Promise<DatedSnapshot> {
    const takenAt = clock.now();
    const { models, instances } = await registry.snapshot();
    const snapshot = indexed({ models, instances: judge(instances, clock.now()) }, () => clock.now());
    latest = { takenAt, snapshot };
    return snapshot;
  }

  const isKnown = (now: number): boolean => latest !== undefined && now - latest.takenAt <= maxOutageMs;

  async function inTime(read: Promise<DatedSnapshot>): Promise<DatedSnapshot> {
    const done = new AbortController();
    const late = clock.sleep(PATIENCE_MS, done.signal).then(() => {
      throw unavailable('registry_unavailable', 'The registry does not answer.', undefined);
    });
    try {
      return await Promise.race([read, late]);
    } finally {
      done.abort();
    }
  }

  return {
    /** Rejects with `registry_unavailable` when the registry has been unavailable for longer than `maxOutageMs`. */
    async read(maxAgeMs: number): Promise<DatedSnapshot> {
      const now = clock.now();
      if (latest && now - latest.takenAt < maxAgeMs) return latest.snapshot;
      reading ??= refresh().finally(() => {
        reading = undefined;
      });
      try {
        return await (isKnown(now) ? inTime(reading) : reading);
      } catch (error) {
        if (!latest || !isKnown(now)) throw error;
        const { snapshot, takenAt } = latest;
        return { ...snapshot, asOf: () => takenAt };
      }
    },
  };
}

function indexed({ models, instances }: RegistrySnapshot, asOf: () => number): DatedSnapshot {
  // Stores return different orders.
  const byId = instances.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byModel = Map.groupBy(byId, ({ model }) => model);
  const sorted = models.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    modelsByName: new Map(sorted.map((model) => [model.name, model])),
    instanceModels: [...byModel.keys()].sort(),
    instancesOf: (model) => byModel.get(model) ?? [],
    asOf,
  };
}
