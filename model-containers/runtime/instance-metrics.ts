import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AttemptTimings, WorkerObserver } from './worker-observer.ts';

/** Prometheus metrics of one instance, in seconds and counts. */
export interface InstanceMetrics extends WorkerObserver {
  /** Prometheus text exposition. */
  text(): Promise<string>;
  readonly contentType: string;
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** `gauges` are read at scrape time only. */
export function createInstanceMetrics(gauges: {
  readonly inFlight: () => number;
  readonly slots: number;
}): InstanceMetrics {
  const registry = new Registry();
  const registers = [registry];
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `modelyard_instance_${name}_seconds`, help, buckets: BUCKETS, registers });
  const attempts = new Counter({
    name: 'modelyard_instance_attempts_total',
    help: 'Attempts at tasks, by how they ended.',
    labelNames: ['outcome'],
    registers,
  });
  const queue = histogram('queue_duration', 'Time from submit to the start of the run.');
  const batchWait = histogram('batch_wait_duration', 'Time from being received to the start of the run.');
  const run = histogram('run_duration', 'Time of the run.');
  const publish = histogram(
    'publish_duration',
    'Time from the end of the run until its result was kept and acknowledged.',
  );
  new Gauge({
    name: 'modelyard_instance_in_flight',
    help: 'Runs under way.',
    registers,
    collect() {
      this.set(gauges.inFlight());
    },
  });
  new Gauge({ name: 'modelyard_instance_slots', help: 'Runs this instance can have in hand at once.', registers }).set(
    gauges.slots,
  );

  return {
    attemptEnded(outcome, timings: AttemptTimings) {
      attempts.inc({ outcome });
      if (timings.queuedMs !== undefined) queue.observe(Math.max(0, timings.queuedMs) / 1000);
      if (timings.batchWaitMs !== undefined) batchWait.observe(timings.batchWaitMs / 1000);
      if (timings.runMs !== undefined) run.observe(timings.runMs / 1000);
      if (timings.publishMs !== undefined) publish.observe(timings.publishMs / 1000);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
