/** Counts of the responses of a version since the start of its roll-out. */
export interface VersionTally {
  readonly version: string;
  /** `startedAt` of the roll-out. Absent in the tallies of an earlier build. */
  readonly startedAt?: number;
  /** Ended tasks that were routed to it, without those whose request was invalid. */
  readonly tasks: number;
  /** Of these, failed tasks. */
  readonly failed: number;
  /** Shadow tasks that were left out because the version was busy. */
  readonly dropped?: number;
  /** Number of answers per latency: bucket `i` is up to `LOWEST_MS * RATIO ** i`. Later zeros are left out. */
  readonly latencies: readonly number[];
}

const LOWEST_MS = 0.25;
const RATIO = Math.SQRT2;
/** Up to 186 s. */
const BUCKETS = 40;

/** The bucket of a latency in milliseconds. */
const bucketOf = (ms: number): number =>
  ms <= LOWEST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LOWEST_MS) / Math.log(RATIO)));

export const emptyTally = (version: string): VersionTally => ({ version, tasks: 0, failed: 0, latencies: [] });

/** Counts the tasks of one version in one process. */
export class TallyCounter {
  readonly #latencies: number[] = [];
  readonly version: string;
  #tasks = 0;
  #failed = 0;
  #dropped = 0;

  constructor(version: string) {
    this.version = version;
  }

  answered(ms: number): void {
    const bucket = bucketOf(ms);
    while (this.#latencies.length <= bucket) this.#latencies.push(0);
    this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1;
    this.#tasks++;
  }

  failed(): void {
    this.#tasks++;
    this.#failed++;
  }

  dropped(): void {
    this.#dropped++;
  }

  get tally(): VersionTally {
    const [tasks, failed, dropped] = [this.#tasks, this.#failed, this.#dropped];
    return {
      ...{ version: this.version, tasks, failed },
      ...(dropped === 0 ? {} : { dropped }),
      latencies: [...this.#latencies],
    };
  }
}

/** The sum of the tallies of a version. Each instance counts its own. */
export function sumTallies(version: string, tallies: readonly VersionTally[]): VersionTally {
  const own = tallies.filter((each) => each.version === version);
  const length = Math.max(0, ...own.map(({ latencies }) => latencies.length));
  const sum = (value: (tally: VersionTally) => number) => own.reduce((total, tally) => total + value(tally), 0);
  return {
    version,
    tasks: sum(({ tasks }) => tasks),
    failed: sum(({ failed }) => failed),
    dropped: sum(({ dropped = 0 }) => dropped),
    latencies: Array.from({ length }, (_, at) => sum(({ latencies }) => latencies[at] ?? 0)),
  };
}

/** The failed share of the tasks, 0 without tasks. */
export const errorRateOf = ({ tasks, failed }: VersionTally): number => (tasks === 0 ? 0 : failed / tasks);

/** An upper bound of the latency of a share of the answers, in milliseconds. Undefined without answers. */
export function latencyOf({ latencies }: VersionTally, share: number): number | undefined {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let seen = 0;
  for (const [bucket, count] of latencies.entries()) {
    seen += count;
    if (seen >= total * share) return LOWEST_MS * RATIO ** bucket;
  }
  return undefined;
}

/** How many answers may have taken longer: those of the buckets that end above the limit. */
export const slowerThan = ({ latencies }: VersionTally, limitMs: number): number =>
  latencies.reduce((sum, count, bucket) => (LOWEST_MS * RATIO ** bucket > limitMs ? sum + count : sum), 0);

/** For values read from a registry. */
export const isTally = (value: unknown): value is VersionTally => {
  const { version, startedAt = 0, tasks, failed, latencies } = (value ?? {}) as Partial<VersionTally>;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && Number(count) >= 0;
  const isOfRollout = typeof version === 'string' && Number.isFinite(startedAt);
  return isOfRollout && isCount(tasks) && isCount(failed) && Array.isArray(latencies);
};
