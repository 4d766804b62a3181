import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { ended, type ProblemBody, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { OutsideInstance } from '#test/support/outside-instance.ts';

const FLEET = fileURLToPath(new URL('../fixtures/fleet', import.meta.url));

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: FLEET } });
  // A busy machine may need longer for its instances than the system waits before it says that it is ready.
  const names = ['crowded', 'gdp_growth_rate', 'model_a', 'model_b', 'team'];
  await eventually(async () => expect(await activeModels()).toEqual(expect.arrayContaining(names)));
});
afterAll(() => system[Symbol.asyncDispose]());

/** What has to come about by itself, within the time that the test may take. */
const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 50_000, interval: 100 });

const read = async <T>(path: string): Promise<T> => (await system.fetch(path)).json() as Promise<T>;

const activeModels = async (): Promise<string[]> =>
  (await read<{ models: { name: string }[] }>('/models')).models.map(({ name }) => name);

interface InstanceRow {
  readonly memory_mib: number | null;
  readonly id: string;
  readonly state: string;
  readonly variant: string | null;
  readonly slots: number | null;
}

const instancesOf = async (model: string): Promise<readonly InstanceRow[]> =>
  (await read<{ instances: InstanceRow[] }>(`/models/${model}/instances`)).instances;

function startOutside({ onTestFinished }: TestContext, model: string): OutsideInstance {
  const instance = new OutsideInstance(system, model);
  onTestFinished(() => instance[Symbol.asyncDispose]());
  return instance;
}

async function launch(model: string, variant?: string): Promise<InstanceRow> {
  const response = await post(system, `/models/${model}/instances`, variant === undefined ? '' : { variant });
  expect(response.status).toBe(202);
  return (await response.json()) as InstanceRow;
}

const stop = (model: string, id: string) => system.fetch(`/models/${model}/instances/${id}`, { method: 'DELETE' });

const ready = (model: string, id: string) =>
  eventually(async () =>
    expect(await instancesOf(model)).toContainEqual(expect.objectContaining({ id, state: 'ready' })),
  );

describe.concurrent('a model that is started anywhere', { timeout: 90_000 }, () => {
  it('is listed while an instance lives, keeps its tasks while none does, and is gone after kill -9', async (test) => {
    const first = startOutside(test, 'wanderer');
    await eventually(async () => expect(await activeModels()).toContain('wanderer'));
    const answer = (await (await post(system, '/predict/wanderer', { action: 'answer' })).json()) as TaskBody;
    first.signal('SIGTERM');
    const code = await first.exit;
    await eventually(async () => expect(await activeModels()).not.toContain('wanderer'));
    const waiting = await submit(system, 'wanderer', { action: 'answer' });

    const second = startOutside(test, 'wanderer');
    const task = await ended(system, waiting.id);
    await eventually(async () => expect(await activeModels()).toContain('wanderer'));
    second.signal('SIGKILL');
    await second.exit;
    await eventually(async () => expect(await activeModels()).not.toContain('wanderer'));

    expect([answer.state, code, waiting.state, task.state]).toEqual(['succeeded', 0, 'queued', 'succeeded']);
  });

  it('under a taken name is told, field by field, why not', async (test) => {
    const impostor = startOutside(test, 'model_b');

    const code = await impostor.exit;

    expect(code).toBe(1);
    const told = impostor.lines.map(({ message }) => String(message)).join('\n');
    expect(told).toContain('The model name model_b is taken by another contract');
    expect(told).toMatch(/models\.model_b\.ModelBRequest\.value: .*string/);
    expect(told).toMatch(/models\.model_b\.ModelBResponse\.elapsed_seconds: /);
    expect(await activeModels()).toContain('model_b');
  });
});

describe.concurrent('instances over HTTP', { timeout: 60_000 }, () => {
  it('are launched, share the work, and are stopped without losing or repeating a task', async () => {
    const launched = await launch('team');
    expect(launched.state).toBe('starting');
    await ready('team', launched.id);

    const tasks = await Promise.all(
      Array.from({ length: 32 }, () => submit(system, 'team', { action: 'answer', seconds: 0.3 })),
    );
    const pids = system.pids(launched.id);
    // On a busy machine the first one may have run a few before the second has asked for any.
    await Promise.any(tasks.map(async ({ id }) => expect(pids).toContain((await ended(system, id)).result?.pid)));
    const stopped = await stop('team', launched.id);
    const again = await stop('team', launched.id);
    const results = await Promise.all(tasks.map(({ id }) => ended(system, id)));
    await eventually(async () => expect((await instancesOf('team')).map(({ id }) => id)).toEqual(['team-1']));
    const late = await stop('team', launched.id);

    expect([stopped.status, again.status, late.status]).toEqual([202, 202, 202]);
    expect(results.filter(({ state, attempts }) => state !== 'succeeded' || attempts !== 1)).toEqual([]);
    expect(new Set(results.map(({ result }) => result?.pid)).size).toBe(2);
  });

  it('are refused when they are unknown, of another model, or of no variant', async () => {
    const statuses = await Promise.all([
      stop('model_a', 'model_a-99'),
      stop('model_a', 'model_b-1'),
      stop('nope', 'model_b-1'),
      post(system, '/models/gdp_growth_rate/instances', { variant: 'Oracle' }),
      post(system, '/models/gdp_growth_rate/instances', { variety: 'RandomForest' }),
    ]);
    const problems = (await Promise.all(statuses.map((response) => response.json()))) as ProblemBody[];

    expect(statuses.map(({ status }) => status)).toEqual([404, 404, 404, 422, 422]);
    expect(problems.slice(3).map(({ errors }) => errors?.[0]?.pointer)).toEqual(['/variant', '/variety']);
    expect((await instancesOf('model_b')).map(({ state }) => state)).toEqual(['ready']);
  });

  it('are no more than the model may have, however many ask at once', async () => {
    const responses = await Promise.all(Array.from({ length: 5 }, () => post(system, '/models/crowded/instances', '')));

    const refused = responses.filter(({ status }) => status === 409);
    const problems = (await Promise.all(refused.map((response) => response.json()))) as ProblemBody[];
    expect(problems.filter(({ detail }) => /maxInstances allows 2/.test(detail))).toHaveLength(4);
  });
});

describe.concurrent('a backlog at its limit', { timeout: 60_000 }, () => {
  it('turns submits away until there is room', async () => {
    const accepted: TaskBody[] = [];
    const refusal = await eventually(async () => {
      const response = await post(system, '/models/crowded/tasks', { action: 'answer', seconds: 2 });
      if (response.status === 202) accepted.push((await response.json()) as TaskBody);
      expect(response.status).toBe(429);
      return response;
    });

    const tasks = await Promise.all(accepted.map(({ id }) => ended(system, id)));
    const later = await eventually(async () => {
      const response = await post(system, '/models/crowded/tasks', { action: 'answer' });
      expect(response.status).toBe(202);
      return response;
    });

    expect(accepted.length).toBeGreaterThanOrEqual(2);
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(tasks.filter(({ state }) => state !== 'succeeded')).toEqual([]);
    expect(later.status).toBe(202);
  });
});

describe.concurrent('a model that sleeps when idle', { timeout: 60_000 }, () => {
  it('is woken by a hundred submits exactly once, and once more after it has slept again', async () => {
    const events = (text: string) =>
      system.events.filter(({ source, message }) => source.startsWith('dozy-') && message === text).length;
    const asleep = () =>
      eventually(async () => {
        expect(events('Stopped.')).toBeGreaterThan(0);
        expect(events('Stopped.')).toBe(events('Starting.'));
      });
    await asleep();
    const before = events('Starting.');

    const tasks = await Promise.all(Array.from({ length: 100 }, () => submit(system, 'dozy', { action: 'answer' })));
    const results = await Promise.all(tasks.map(({ id }) => ended(system, id)));
    const launches = events('Starting.') - before;
    await asleep();
    const { id } = await submit(system, 'dozy', { action: 'answer' });
    const last = await ended(system, id);

    // On a busy machine, answers do not wait for estimates.
    expect(tasks.filter(({ position }) => (position ?? 1) < 1)).toEqual([]);
    expect(results.filter(({ state }) => state !== 'succeeded')).toEqual([]);
    expect(last.state).toBe('succeeded');
    expect([launches, events('Starting.') - before]).toEqual([1, 2]);
  });
});

describe.concurrent('a queued task', { timeout: 60_000 }, () => {
  it('tells its position and when it should start, once that can be known', async () => {
    const { id } = await submit(system, 'model_b', { value: 1, delay_seconds: 0.5 });
    await ended(system, id);
    // Its service time is known with the next heartbeat.
    await eventually(async () =>
      expect(await instancesOf('model_b')).toContainEqual(expect.objectContaining({ service_ms: expect.any(Number) })),
    );
    expect(await instancesOf('model_b')).toContainEqual(expect.objectContaining({ memory_mib: expect.any(Number) }));

    const crowd = await Promise.all(
      Array.from({ length: 40 }, () => submit(system, 'model_b', { value: 1, delay_seconds: 1 })),
    );
    // An answer does not wait for estimates, which take a busy machine longer than a moment to make.
    const { response, task, askedAt } = await eventually(async () => {
      const askedAt = Date.now();
      const response = await system.fetch(`/tasks/${crowd.at(-1)?.id}`);
      const task = (await response.json()) as TaskBody;
      expect(task).toMatchObject({ position: expect.any(Number), estimated_start: expect.any(String) });
      return { response, task, askedAt };
    });

    expect(task.state).toBe('queued');
    expect(Number(task.position)).toBeGreaterThanOrEqual(1);
    expect(Date.parse(String(task.estimated_start))).toBeGreaterThanOrEqual(askedAt);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await Promise.all(crowd.map((waiting) => ended(system, waiting.id)));
  });
});

describe.concurrent('metrics', { timeout: 60_000 }, () => {
  it.each(['the gateway', 'an instance'])('of %s are what Prometheus takes without a warning', async (who) => {
    const { instances } = await read<{ instances: { endpoint: string }[] }>('/models/model_a/instances');
    await post(system, '/predict/model_a', { data: 'counted' });
    const response = await (who === 'the gateway'
      ? system.fetch('/metrics')
      : fetch(`${instances[0]?.endpoint}/metrics`));
    const text = await response.text();

    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain(who === 'the gateway' ? 'modelyard_model_info{model="model_a"' : 'modelyard_instance_info{');
    expect(await promtool(text)).toBe('');
  });
});

/** What `promtool check metrics` complains about; nothing where it is not installed, unless it is required. */
async function promtool(text: string): Promise<string> {
  const checking = promisify(execFile)('promtool', ['check', 'metrics']);
  checking.child.stdin?.on('error', () => undefined).end(text);
  try {
    const { stdout, stderr } = await checking;
    return stdout + stderr;
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code !== 'ENOENT') return `${stdout}${stderr}${code}`;
    if (process.env.REQUIRE_PROMTOOL === '1') throw new Error('REQUIRE_PROMTOOL=1, but there is no promtool here.');
    process.stdout.write('There is no promtool on this machine, so the metrics were not checked with it.\n');
    return '';
  }
}
