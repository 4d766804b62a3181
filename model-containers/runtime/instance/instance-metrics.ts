import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LeaseObserver } from '#core';
import type { WorkerObserver } from '../worker/worker-observer.ts';

/** Prometheus metrics of one instance, in seconds and counts. */
export interface InstanceMetrics extends WorkerObserver, LeaseObserver {
  /** The model process ended and will be started again. */
  modelRestarted(): void;
  /** Prometheus text exposition. */
  text(): Promise<string>;
  readonly contentType: string;
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** `gauges` are read at scrape time only. */
export function createInstanceMetrics(gauges: {
  readonly inFlight: () => number;
  readonly isBlocked: () => boolean;
  readonly slots: number;
  readonly info: Readonly<Record<string, string>>;
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
  const counter = (name: string, help: string) =>
    new Counter({ name: `modelyard_instance_${name}_total`, help, registers });
  const retries = counter('retries', 'Attempts that failed and are followed by another one.');
  const renewals = counter('lease_renewals', 'Leases of tasks in hand that were renewed.');
  const restarts = counter('model_restarts', 'Ends of the model process after which it was started again.');
  const losses = counter('lease_losses', 'Leases of tasks in hand that were lost.');
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
  new Gauge({
    name: 'modelyard_instance_model_blocked',
    help: '1 while the thread of the model does not answer, else 0.',
    registers,
    collect() {
      this.set(gauges.isBlocked() ? 1 : 0);
    },
  });
  new Gauge({ name: 'modelyard_instance_slots', help: 'Runs this instance can have in hand at once.', registers }).set(
    gauges.slots,
  );
  new Gauge({
    name: 'modelyard_instance_info',
    help: 'What this instance is; always 1.',
    labelNames: Object.keys(gauges.info),
    registers,
  }).set({ ...gauges.info }, 1);

  return {
    attemptEnded({ outcome, ...timings }) {
      attempts.inc({ outcome });
      if (outcome === 'retried') retries.inc();
      if (timings.queuedMs !== undefined) queue.observe(Math.max(0, timings.queuedMs) / 1000);
      if (timings.batchWaitMs !== undefined) batchWait.observe(timings.batchWaitMs / 1000);
      if (timings.runMs !== undefined) run.observe(timings.runMs / 1000);
      if (timings.publishMs !== undefined) publish.observe(timings.publishMs / 1000);
    },
    modelRestarted: () => restarts.inc(),
    leasesRenewed: (count) => renewals.inc(count),
    leaseLost: () => losses.inc(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
