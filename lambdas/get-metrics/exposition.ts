import { Counter, Gauge, Registry } from 'prom-client';
import { INSTANCE_STATES, type ModelSummary, meanServiceMs } from '#core';
import packageJson from '../../package.json' with { type: 'json' };

export interface Exposition {
  readonly text: string;
  readonly contentType: string;
}

type Value = readonly [value: number | undefined, labels?: Readonly<Record<string, string>>];

/** Undefined values are unknown. */
export interface ExposedModel extends ModelSummary {
  /** Stored tasks that were given up. */
  readonly deadLetters: number | undefined;
  /** Age of the oldest unfinished task. */
  readonly oldestTaskAgeMs: number | undefined;
}

/** Gauges of all registered models. Unknown values have no sample. `docs/metrics.md` lists all. */
export async function exposeModels(
  models: readonly ExposedModel[],
  { lostCalls }: { readonly lostCalls?: number } = {},
): Promise<Exposition> {
  const registry = new Registry();
  const gauge = (name: string, help: string, values: readonly Value[]) => {
    const labelNames = [...new Set(values.flatMap(([, labels = {}]) => Object.keys(labels)))];
    const gauge = new Gauge({ name: `modelyard_${name}`, help, labelNames, registers: [registry] });
    for (const [value, labels = {}] of values) if (value !== undefined) gauge.set(labels, value);
  };
  const perModel = (name: string, help: string, read: (summary: ExposedModel) => number | undefined) =>
    gauge(
      name,
      help,
      models.map((summary) => [read(summary), { model: summary.model.name }]),
    );

  gauge('build_info', 'Version information. Always 1.', [
    [1, { version: packageJson.version, node_version: process.versions.node }],
  ]);
  gauge('active_models', 'Models with a serving instance.', [
    [models.filter(({ serving }) => serving.length > 0).length],
  ]);
  gauge('model_info', 'Registered models and their messages. Always 1.', models.map(infoOf));
  perModel('model_active', '1 if an instance serves the model, otherwise 0.', ({ serving }) =>
    Number(serving.length > 0),
  );
  gauge('model_instances', 'Live instances by state.', models.flatMap(instancesByState));
  perModel('model_slots', 'Maximum number of concurrent runs of the serving instances.', slotsOf);
  perModel('model_tasks_visible', 'Tasks in the queue that no instance has received.', ({ depth }) => depth?.visible);
  perModel('model_tasks_in_flight', 'Tasks that instances have received and not settled.', (s) => s.depth?.inFlight);
  perModel(
    'model_tasks_delayed',
    'Tasks waiting for a retry, if the queue counts them.',
    ({ depth }) => depth?.delayed,
  );
  perModel('model_dead_letters', 'Stored tasks that were given up.', (s) => s.deadLetters);
  perModel('model_oldest_task_age_seconds', 'Age of the oldest task that has not ended.', (s) =>
    inSeconds(s.oldestTaskAgeMs),
  );
  perModel('model_service_time_seconds', 'Average time that a task occupies a slot.', ({ serving }) =>
    inSeconds(meanServiceMs(serving)),
  );
  if (lostCalls !== undefined) {
    const help = 'Calls that this gateway could not record in the call log.';
    new Counter({ name: 'modelyard_calls_lost_total', help, registers: [registry] }).inc(lostCalls);
  }
  return { text: await registry.metrics(), contentType: registry.contentType };
}

const infoOf = ({ model, contract }: ModelSummary): Value => [
  1,
  { model: model.name, request_message: contract.requestMessage, response_message: contract.responseMessage },
];

const instancesByState = ({ model, live, failing }: ModelSummary): readonly Value[] =>
  INSTANCE_STATES.map((state) => [
    [...live, ...failing].filter((instance) => instance.state === state).length,
    { model: model.name, state },
  ]);

const slotsOf = ({ serving }: ModelSummary): number => serving.reduce((sum, { slots }) => sum + slots, 0);

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
