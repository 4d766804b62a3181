/** Counts the SDK calls of an AWS platform by service and operation. */
export interface AwsCalls {
  /** Pass this to the platform's settings. */
  readonly onCall: (service: string, operation: string) => void;
  /** For example `{ 'SQS.SendMessage': 1 }`. */
  counts(): Readonly<Record<string, number>>;
  reset(): void;
}

/** Counts calls for tests and benchmarks that limit the calls per task. */
export function countAwsCalls(): AwsCalls {
  const counted = new Map<string, number>();
  return {
    onCall(service, operation) {
      const name = `${service}.${operation}`;
      counted.set(name, (counted.get(name) ?? 0) + 1);
    },
    counts: () => Object.fromEntries(counted),
    reset: () => counted.clear(),
  };
}
