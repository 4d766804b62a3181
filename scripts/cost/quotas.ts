/** What a stage may need of an account, beside the default quota of a new account. */
export interface Quota {
  readonly name: string;
  readonly needed: number;
  readonly quota: number;
  readonly note: string;
}

interface Needs {
  readonly ratePerSecond: number;
  /** Time for which a prediction holds a Lambda, in milliseconds. */
  readonly heldMs: number;
  /** Instances of all models at once, and the vCPUs of each. */
  readonly instances: number;
  readonly vcpuEach: number;
  readonly alarms: number;
  readonly models: number;
}

/** Default quotas of a region, as Service Quotas listed them on the date of the prices. */
export function quotasOf({ ratePerSecond, heldMs, instances, vcpuEach, alarms, models }: Needs): readonly Quota[] {
  return [
    {
      name: 'Lambda concurrency',
      needed: Math.ceil((ratePerSecond * heldMs) / 1000) + models + 2,
      quota: 1000,
      note: 'new accounts begin with 10; requests above it are answered 429',
    },
    { name: 'API requests a second', needed: ratePerSecond, quota: 10_000, note: 'for all APIs of the region' },
    {
      name: 'Fargate vCPUs',
      needed: Math.ceil(instances * vcpuEach),
      quota: 6,
      note: 'on demand, and the same again on Spot; instances above it do not start',
    },
    { name: 'Alarms', needed: alarms, quota: 5000, note: 'for the region' },
    { name: 'Metrics of our own', needed: 1, quota: Number.POSITIVE_INFINITY, note: 'AWS has no quota for them' },
    { name: 'Resources of a stack', needed: 345 + 12 * models, quota: 500, note: 'estimated; a synthesis counts them' },
  ];
}
