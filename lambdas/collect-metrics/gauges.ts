import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRICS_NAMESPACE, METRICS_SERVICE } from '#api/http/metrics.ts';

/** Current values with one set of dimensions. */
export interface Gauges {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number>>;
}

/** Writes metrics as log lines (embedded metric format), without API calls. */
export function embeddedGauges(): (gauges: Gauges) => void {
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName: METRICS_SERVICE });
  return function publish({ dimensions, values }) {
    for (const [name, value] of Object.entries(values)) {
      const single = metrics.singleMetric();
      for (const [dimension, word] of Object.entries(dimensions)) single.addDimension(dimension, word);
      single.addMetric(name, 'Count', value);
    }
  };
}
