import { describe, expect, it } from 'vitest';
import { type ExposedModel, exposeModels } from '#lambdas/get-metrics/exposition.ts';
import { createInstanceMetrics } from '#runtime/instance/instance-metrics.ts';
import { aModel, anInstance } from '#test/support/registry.ts';
import { names, readPage, tableRows } from './pages.ts';

const instance = anInstance({ serviceMs: 250, slots: 4, oldestTaskAt: 1000 });
const model = aModel();
const [contract = { hash: '', requestMessage: '', responseMessage: '' }] = model.contracts;
const SUMMARY: ExposedModel = {
  model,
  contract,
  serving: [instance],
  live: [instance],
  failing: [],
  depth: { visible: 5, inFlight: 2, delayed: 1, deadLetters: 1 },
  deadLetters: 3,
  oldestTaskAgeMs: 2500,
};

const instanceMetrics = () =>
  createInstanceMetrics({ inFlight: () => 1, isBlocked: () => false, slots: 4, info: { model: 'model_a' } });

const namesIn = (text: string): string[] => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);

describe('the metrics', () => {
  it('are all in the table of their page, and no others', async () => {
    const { text } = await exposeModels([SUMMARY], { lostCalls: 0 });
    const exposed = [...namesIn(text), ...namesIn(await instanceMetrics().text())];
    const documented = tableRows(readPage('docs/metrics.md').text, 'metric').flatMap(([cell = '']) => names(cell));

    expect(documented.toSorted()).toEqual(exposed.toSorted());
  });

  it('of the models say what the registry and the queues say', async () => {
    const asleep = { ...SUMMARY, model: aModel({ name: 'b' }), serving: [], live: [], oldestTaskAgeMs: undefined };

    const { text } = await exposeModels([SUMMARY, asleep]);

    expect(text).toContain('modelyard_active_models 1\n');
    expect(text).toContain('modelyard_model_active{model="b"} 0\n');
    expect(text).toContain('modelyard_model_instances{model="model_a",state="ready"} 1\n');
    expect(text).toContain('modelyard_model_instances{model="b",state="ready"} 0\n');
    expect(text).toContain('modelyard_model_tasks_visible{model="model_a"} 5\n');
    expect(text).toContain('modelyard_model_tasks_in_flight{model="model_a"} 2\n');
    expect(text).toContain('modelyard_model_dead_letters{model="model_a"} 3\n');
    expect(text).toContain('modelyard_model_oldest_task_age_seconds{model="model_a"} 2.5\n');
    expect(text).toContain('modelyard_model_service_time_seconds{model="model_a"} 0.25\n');
    expect(text).not.toMatch(/(age|time)_seconds\{model="b"\}/);
  });

  it('of a queue that cannot be asked are absent', async () => {
    const { text } = await exposeModels([{ ...SUMMARY, depth: undefined, deadLetters: undefined }]);

    expect(text).not.toMatch(/^modelyard_model_(tasks|dead)/m);
    expect(text).toContain('modelyard_model_info{model="model_a"');
  });

  it('of an instance count attempts, retries and leases', async () => {
    const metrics = instanceMetrics();

    metrics.attemptEnded({ outcome: 'retried', attempt: 1, queuedMs: 10, batchWaitMs: 1, runMs: 5, publishMs: 2 });
    metrics.attemptEnded({ outcome: 'succeeded', attempt: 2, queuedMs: -1, batchWaitMs: 1, runMs: 5, publishMs: 2 });
    metrics.leasesRenewed(7);
    metrics.leaseLost();
    const text = await metrics.text();

    expect(text).toContain('modelyard_instance_attempts_total{outcome="retried"} 1\n');
    expect(text).toContain('modelyard_instance_retries_total 1\n');
    expect(text).toContain('modelyard_instance_lease_renewals_total 7\n');
    expect(text).toContain('modelyard_instance_lease_losses_total 1\n');
    expect(text).toContain('modelyard_instance_run_duration_seconds_count 2\n');
    expect(text).toContain('modelyard_instance_in_flight 1\n');
  });
});
