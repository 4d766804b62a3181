import type { Clock } from '../clock.ts';
import { unavailable } from '../errors.ts';
import type { Instance } from '../instances/instance.ts';
import { createLivenessJudge } from '../instances/judge-liveness.ts';
import type { Model } from './model.ts';
import type { ModelRegistry, RegistrySnapshot } from './model-registry.ts';

/** A registry snapshot, indexed, and the moment to judge liveness by. */
export interface DatedSnapshot {
  readonly modelsByName: ReadonlyMap<string, Model>;
  instancesOf(model: string): readonly Instance[];
  /** Now; or when the snapshot was taken, while the registry is away and heartbeats cannot be seen. */
  asOf(): number;
}

/** How long answers come from the last snapshot while the registry is away. */
const MAX_OUTAGE_MS = 60_000;

/** A registry that does not answer at all keeps nobody waiting longer than this who can be answered without it. */
const PATIENCE_MS = 2000;

interface SnapshotDeps {
  readonly registry: ModelRegistry;
  readonly clock: Clock;
  /** @default `MAX_OUTAGE_MS` */
  readonly maxOutageMs?: number;
}

/** Shares one registry read between all who ask within the staleness they accept. */
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
    /** Rejects with `registry_unavailable` once the registry has been away for longer than `maxOutageMs`. */
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
  // Stores give them in orders of their own.
  const byId = instances.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byModel = Map.groupBy(byId, ({ model }) => model);
  const sorted = models.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    modelsByName: new Map(sorted.map((model) => [model.name, model])),
    instancesOf: (model) => byModel.get(model) ?? [],
    asOf,
  };
}
