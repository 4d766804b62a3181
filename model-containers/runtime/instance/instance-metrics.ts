import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LeaseObserver } from '#core';
import type { WorkerObserver } from '../worker/worker-observer.ts';

/** Prometheus metrics of one instance. Durations are in seconds. */
export interface InstanceMetrics extends WorkerObserver, LeaseObserver {
  /** The model process ended and will be restarted. */
  modelRestarted(): void;
  text(): Promise<string>;
  readonly contentType: string;
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Reads `gauges` only when the metrics are scraped. */
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
    help: 'Attempts by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const counter = (name: string, help: string) =>
    new Counter({ name: `modelyard_instance_${name}_total`, help, registers });
  const retries = counter('retries', 'Failed attempts that are retried.');
  const renewals = counter('lease_renewals', 'Renewed leases.');
  const restarts = counter('model_restarts', 'Restarts of the model process.');
  const losses = counter('lease_losses', 'Lost leases.');
  const queue = histogram('queue_duration', 'Time from submit to the start of the run.');
  const batchWait = histogram('batch_wait_duration', 'Time from the receive to the start of the run.');
  const run = histogram('run_duration', 'Duration of the run.');
  const publish = histogram(
    'publish_duration',
    'Time from the end of the run until the result is stored and acknowledged.',
  );
  new Gauge({
    name: 'modelyard_instance_in_flight',
    help: 'Active runs.',
    registers,
    collect() {
      this.set(gauges.inFlight());
    },
  });
  new Gauge({
    name: 'modelyard_instance_model_blocked',
    help: '1 while the thread of the model is blocked, otherwise 0.',
    registers,
    collect() {
      this.set(gauges.isBlocked() ? 1 : 0);
    },
  });
  new Gauge({ name: 'modelyard_instance_slots', help: 'Maximum number of concurrent runs.', registers }).set(
    gauges.slots,
  );
  new Gauge({
    name: 'modelyard_instance_info',
    help: 'Information about the instance. Always 1.',
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
