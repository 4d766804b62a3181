import { isTerminal, ModelyardError, type Task } from '#core';
import type { Actor } from '../engine/engine.ts';
import type { FaultKind } from '../engine/faults.ts';
import { SimClock } from '../engine/sim-clock.ts';
import type { Gateway } from './gateways.ts';
import { encodeRequest, type SimRequest } from './requests.ts';
import type { ClientPlan } from './scenario.ts';
import type { World } from './world.ts';

const CALL_TIMEOUT_MS = 40_000;
const WAIT_MS = 20_000;
const PAUSE_MS = 3_000;
const MAX_CANCEL_TRIES = 20;
const MAX_RETRY_TRIES = 20;
const POSSIBLE: ReadonlySet<FaultKind> = new Set(['refuse', 'lose-request', 'lose-reply', 'late', 'twice', 'slow']);

/** One caller of the API. It is done when it knows the end of every task that was accepted from it. */
export class Client {
  isDone = false;
  readonly #world: World;
  readonly #gateways: readonly Gateway[];
  readonly #plan: ClientPlan;
  readonly #actor: Actor;
  readonly #clock: SimClock;
  /** Ids of the tasks that it was told of. */
  readonly #tasks = new Set<string>();
  #calls = 0;
  #wasRefused = false;

  constructor(world: World, gateways: readonly Gateway[], plan: ClientPlan) {
    this.#world = world;
    this.#gateways = gateways;
    this.#plan = plan;
    this.#actor = world.engine.spawn(plan.name);
    this.#clock = new SimClock(world.engine, this.#actor);
    world.engine.after(this.#actor, plan.startMs, () => {
      void this.#run().then(() => {
        this.isDone = true;
      });
    });
  }

  async #run(): Promise<void> {
    const { repeats, repeatEveryMs } = this.#plan;
    const submits: Promise<void>[] = [];
    for (let i = 0; i < repeats; i++) {
      if (i > 0 && repeatEveryMs > 0) await this.#clock.sleep(repeatEveryMs);
      submits.push(this.#submit());
    }
    await Promise.all(submits);
    const cancels = [...this.#tasks].map((id) => this.#cancel(id));
    for (const id of this.#tasks) await this.#follow(id);
    await Promise.all(cancels);
    await Promise.all([...this.#tasks].map((id) => this.#runAgain(id)));
  }

  /** One submit, tried again while it is refused for a reason that passes. */
  async #submit(): Promise<void> {
    const { retries, otherRequest, request } = this.#plan;
    for (let tries = 0; tries <= retries; tries++) {
      const submitted = this.#wasRefused && otherRequest ? otherRequest : request;
      try {
        const task = await this.#send(submitted);
        this.#tasks.add(task.id);
        return;
      } catch (error) {
        const code = error instanceof ModelyardError ? error.code : 'internal';
        this.#world.trace(this.#actor, () => `was refused request ${submitted.number}: ${code}`);
        if (code === 'idempotency_conflict') return;
        if (code.endsWith('_unavailable')) this.#wasRefused = true;
        await this.#clock.sleep(PAUSE_MS);
      }
    }
  }

  #send(request: SimRequest): Promise<Task> {
    const { key, owner, priority, deadlineSeconds, timeoutSeconds } = this.#plan;
    const options = {
      ...{ owner, priority, deadlineSeconds },
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    };
    return this.#call(
      'submit',
      (gateway) => gateway.submit({ request, bytes: encodeRequest(request), ...options }),
      () => `request ${request.number}: ${request.does}`,
    );
  }

  async #cancel(id: string): Promise<void> {
    const { cancelAfterMs } = this.#plan;
    if (cancelAfterMs === undefined) return;
    await this.#clock.sleep(cancelAfterMs);
    for (let tries = 0; tries <= MAX_CANCEL_TRIES; tries++) {
      try {
        await this.#call(
          'cancel',
          (gateway) => gateway.cancel(id, this.#plan.owner),
          () => this.#world.describe.alias(id),
        );
        return;
      } catch (error) {
        if (error instanceof ModelyardError && error.code === 'task_ended') return;
        await this.#clock.sleep(PAUSE_MS);
      }
    }
  }

  async #runAgain(id: string): Promise<void> {
    const { again = { as: 'retry', times: 0, afterMs: 0 } } = this.#plan;
    for (let left = again.times; left > 0; left--) {
      await this.#clock.sleep(again.afterMs);
      if (!(await this.#sendAgain(id, again.as))) return;
      await this.#follow(id);
    }
  }

  /** Resolves with whether the task may run again: it was told so, or it was told nothing at first. */
  async #sendAgain(id: string, as: 'retry' | 'redrive'): Promise<boolean> {
    for (let tries = 0; tries <= MAX_RETRY_TRIES; tries++) {
      try {
        await this.#call(
          as,
          (gateway) => gateway[as](id, this.#plan.owner),
          () => this.#world.describe.alias(id),
        );
        return true;
      } catch (error) {
        const code = error instanceof ModelyardError ? error.code : 'internal';
        // For example of a task that has succeeded.
        if (code === 'task_not_retryable' || code === 'task_not_found') return tries > 0;
        await this.#clock.sleep(PAUSE_MS);
      }
    }
    return true;
  }

  async #follow(id: string): Promise<void> {
    for (;;) {
      try {
        const task = await this.#call(
          'wait',
          (gateway) => gateway.wait(id, this.#plan.owner, WAIT_MS),
          () => this.#world.describe.alias(id),
        );
        if (isTerminal(task.state)) break;
      } catch {
        await this.#clock.sleep(PAUSE_MS);
      }
    }
    await this.#clock.sleep(PAUSE_MS);
    await this.#call(
      'get',
      (gateway) => gateway.get(id, this.#plan.owner),
      () => this.#world.describe.alias(id),
    ).catch(() => undefined);
  }

  async #call(name: string, serve: (gateway: Gateway) => Promise<Task>, describe: () => string): Promise<Task> {
    this.#calls += 1;
    const gateway = this.#gateways[this.#calls % this.#gateways.length] as Gateway;
    const called = this.#world.network.call({
      caller: this.#actor,
      host: gateway.host,
      name,
      describe,
      serve: () => serve(gateway),
      failure: (why) => new ModelyardError('bad_gateway', `No answer: ${why}.`, { retryable: true }),
      faults: POSSIBLE,
      show: (task) => `${this.#world.describe.alias(task.id)} is ${task.state}`,
    });
    const timeout = this.#clock
      .sleep(CALL_TIMEOUT_MS)
      .then(() => Promise.reject(new ModelyardError('gateway_timeout', 'No answer.', { retryable: true })));
    return Promise.race([called, timeout]);
  }
}
