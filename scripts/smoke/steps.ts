import { setTimeout as sleep } from 'node:timers/promises';
import { denialsSince } from './denials.ts';
import type { Stage } from './stage.ts';

/** What only AWS has: ECS runs containers, a schedule starts the collector, CloudTrail has the errors of calls. */
export const LACKS = ['containers', 'schedule', 'trail'] as const;
export type Lack = (typeof LACKS)[number];

/** What the run has used, for its bill. */
export interface Usage {
  predictions: number;
}

export interface SmokeRun {
  readonly stage: Stage;
  readonly usage: Usage;
  /** When it began, Unix milliseconds. */
  readonly since: number;
}

export interface Step {
  readonly name: string;
  /** Without one of these, the step is not shown. */
  readonly needs: readonly Lack[];
  /** Resolves with what was seen. Rejects with what was not. */
  readonly run: (run: SmokeRun) => Promise<string>;
}

/** Answers at once. */
const FAST = 'model_a';
/** Takes as long as the request says. */
const SLOW = 'model_b';
const MINUTE_MS = 60_000;
const WANTED = 5;
/** 5 instances of 8 slots finish 80 tasks of 30 s in a minute. */
const BURST = { tasks: 120, seconds: 30 } as const;

/** In this order: each leaves the stage as the next one needs it. */
export const STEPS: readonly Step[] = [
  {
    name: 'predicts',
    needs: [],
    async run({ stage, usage }) {
      const started = performance.now();
      // A model that sleeps answers 202 first.
      const id = await submitted(stage, usage, FAST, { data: 'smoke' });
      const result = await succeeded(stage, FAST, id, 5 * MINUTE_MS);
      return `${JSON.stringify(result)} after ${secondsSince(started)} s`;
    },
  },
  {
    name: 'wakes a sleeping model',
    needs: [],
    async run({ stage, usage }) {
      await asleep(stage);
      const started = performance.now();
      await submitted(stage, usage, SLOW, { value: 1, delay_seconds: 0 });
      await until('its desired count is 1', async () => (await stage.counts(SLOW)).desired === 1, MINUTE_MS);
      return `the desired count is 1 after ${secondsSince(started)} s`;
    },
  },
  {
    name: 'answers from zero',
    needs: ['containers'],
    async run({ stage, usage }) {
      await asleep(stage);
      const started = performance.now();
      const id = await submitted(stage, usage, SLOW, { value: 2, delay_seconds: 0 });
      await succeeded(stage, SLOW, id, 5 * MINUTE_MS);
      return `the result is there ${secondsSince(started)} s after the submit`;
    },
  },
  {
    name: 'launches an instance',
    needs: [],
    async run({ stage }) {
      const before = (await stage.counts(SLOW)).desired;
      const id = await launched(stage);
      await until('its desired count rises', async () => (await stage.counts(SLOW)).desired > before, MINUTE_MS);
      const { status } = await stage.call(`/models/${SLOW}/instances/${id}`);
      if (status !== 200) throw new Error(`GET of the instance answers ${status}.`);
      await stop(stage, id);
      await until('its desired count falls', async () => (await stage.counts(SLOW)).desired <= before, MINUTE_MS);
      return `${id}: the desired count rises from ${before}, and falls when it is stopped`;
    },
  },
  {
    name: 'drains an instance',
    needs: ['containers'],
    async run({ stage, usage }) {
      const id = await launched(stage);
      const stateOf = async () => (await stage.call(`/models/${SLOW}/instances/${id}`)).body.state;
      const startMs = await until('the instance is ready', async () => (await stateOf()) === 'ready', 5 * MINUTE_MS);
      const tasks = await burst(stage, usage, { tasks: 16, seconds: 20 });
      await stop(stage, id);
      const gone = async () => (await stage.call(`/models/${SLOW}/instances/${id}`)).status === 404;
      const drainMs = await until('the instance is gone', gone, 5 * MINUTE_MS);
      await allSucceeded(stage, tasks, 10 * MINUTE_MS);
      return `ready after ${seconds(startMs)} s, gone after ${seconds(drainMs)} s, and ${tasks.length} tasks succeeded`;
    },
  },
  {
    name: 'survives a killed task',
    needs: ['containers'],
    async run({ stage, usage }) {
      const tasks = await burst(stage, usage, { tasks: 16, seconds: 20 });
      await until('an instance runs', async () => (await stage.counts(SLOW)).running > 0, 5 * MINUTE_MS);
      const killed = await stage.killTask(SLOW);
      await allSucceeded(stage, tasks, 15 * MINUTE_MS);
      return `${tasks.length} tasks succeeded without ${killed.split('/').at(-1)}`;
    },
  },
  {
    name: `scales to ${WANTED} under load`,
    needs: ['containers', 'schedule'],
    async run({ stage, usage }) {
      const tasks = await burst(stage, usage, BURST);
      const enough = async () => (await stage.counts(SLOW)).running >= WANTED;
      const ms = await until(`${WANTED} instances run`, enough, 15 * MINUTE_MS);
      await allSucceeded(stage, tasks, 15 * MINUTE_MS);
      return `${WANTED} instances after ${seconds(ms)} s, and ${tasks.length} tasks succeeded`;
    },
  },
  {
    name: 'scales back to 0',
    needs: ['containers', 'schedule'],
    async run({ stage }) {
      const ms = await until('no instance runs', async () => (await stage.counts(SLOW)).running === 0, 30 * MINUTE_MS);
      return `after ${seconds(ms)} s`;
    },
  },
  {
    name: 'was denied nothing',
    needs: ['trail'],
    async run({ stage, since }) {
      // CloudTrail delivers events within about five minutes.
      await sleep(5 * MINUTE_MS);
      const denials = await denialsSince(`modelyard-${stage.name}`, since);
      if (denials.length > 0) throw new Error(denials.join('; '));
      return 'no management event of its roles has an error of access';
    },
  },
];

async function submitted(stage: Stage, usage: Usage, model: string, request: object): Promise<string> {
  const { status, body } = await stage.call(`/models/${model}/tasks`, { method: 'POST', body: request });
  if (status !== 202) throw new Error(`A submit to ${model} answers ${status}: ${JSON.stringify(body)}`);
  usage.predictions++;
  return String(body.id);
}

const burst = (stage: Stage, usage: Usage, { tasks, seconds }: { readonly tasks: number; readonly seconds: number }) =>
  Promise.all(
    Array.from({ length: tasks }, (_, value) => submitted(stage, usage, SLOW, { value, delay_seconds: seconds })),
  );

/** Resolves with the result of a task. Rejects when it fails. */
async function succeeded(stage: Stage, model: string, id: string, withinMs: number): Promise<unknown> {
  let result: unknown;
  await until(
    `the task ${id} ends`,
    async () => {
      const { body } = await stage.call(`/models/${model}/tasks/${id}`, { wait: 20 });
      if (body.state === 'failed' || body.state === 'expired') throw new Error(`The task ${id} is ${body.state}.`);
      result = body.result;
      return body.state === 'succeeded';
    },
    withinMs,
  );
  return result;
}

const allSucceeded = (stage: Stage, ids: readonly string[], withinMs: number) =>
  Promise.all(ids.map((id) => succeeded(stage, SLOW, id, withinMs)));

async function asleep(stage: Stage): Promise<void> {
  await stage.setDesired(SLOW, 0);
  const isGone = async () => {
    const { desired, running } = await stage.counts(SLOW);
    return desired === 0 && running === 0;
  };
  await until('no instance runs', isGone, 5 * MINUTE_MS);
}

async function launched(stage: Stage): Promise<string> {
  const { status, body } = await stage.call(`/models/${SLOW}/instances`, { method: 'POST', body: {} });
  if (status !== 202) throw new Error(`A launch answers ${status}: ${JSON.stringify(body)}`);
  return String(body.id);
}

async function stop(stage: Stage, id: string): Promise<void> {
  const { status } = await stage.call(`/models/${SLOW}/instances/${id}`, { method: 'DELETE' });
  if (status !== 202) throw new Error(`Stopping the instance answers ${status}.`);
}

const EVERY_MS = 1000;

/** Resolves with the time that it took. Rejects when it takes too long. */
async function until(what: string, isTrue: () => Promise<boolean>, withinMs: number): Promise<number> {
  const started = performance.now();
  for (;;) {
    if (await isTrue()) return performance.now() - started;
    if (performance.now() - started > withinMs) throw new Error(`After ${seconds(withinMs)} s, not yet: ${what}.`);
    await sleep(EVERY_MS);
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
const secondsSince = (started: number): string => seconds(performance.now() - started);
