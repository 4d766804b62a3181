import { type EventPosition, encodePosition, isTerminal, ModelyardError, NOTHING_SEEN, type Task } from '#core';
import type { Actor } from '../engine/engine.ts';
import type { FaultKind } from '../engine/faults.ts';
import { SimClock } from '../engine/sim-clock.ts';
import type { Gateway } from './gateways.ts';
import { Inspection } from './inspection.ts';
import type { CallerDeps } from './repeated-calls.ts';
import type { SimRequest } from './requests.ts';
import type { ClientPlan } from './scenario.ts';
import { Steering } from './steering.ts';
import { RECEIVER } from './webhooks.ts';
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
  readonly #steering: Steering;
  readonly #inspection: Inspection;
  /** Ids of the tasks that it was told of. */
  readonly #tasks = new Set<string>();
  /** The last event that it has seen, by task. */
  readonly #seen = new Map<string, EventPosition>();
  #calls = 0;
  #wasRefused = false;

  constructor(world: World, gateways: readonly Gateway[], plan: ClientPlan) {
    this.#world = world;
    this.#gateways = gateways;
    this.#plan = plan;
    this.#actor = world.engine.spawn(plan.name);
    this.#clock = new SimClock(world.engine, this.#actor);
    const deps: CallerDeps = {
      ...{ world, plan, clock: this.#clock },
      call: (name, serve, about) =>
        this.#call(
          name,
          serve,
          () => about,
          () => 'done',
        ),
    };
    this.#steering = new Steering(deps);
    this.#inspection = new Inspection(deps);
    world.engine.after(this.#actor, plan.startMs, () => {
      void this.#run().then(() => {
        this.isDone = true;
      });
    });
  }

  async #run(): Promise<void> {
    const { repeats, repeatEveryMs, hook } = this.#plan;
    if (hook) await this.#steering.learnSecret();
    const rotated = this.#steering.rotateSecret();
    const submits: Promise<void>[] = [];
    for (let i = 0; i < repeats; i++) {
      if (i > 0 && repeatEveryMs > 0) await this.#clock.sleep(repeatEveryMs);
      submits.push(this.#submit());
    }
    await Promise.all(submits);
    const cancels = [...this.#tasks].map((id) => this.#cancel(id));
    const watched = this.#inspection.watch([...this.#tasks]);
    for (const id of this.#tasks) await this.#follow(id);
    await Promise.all(cancels);
    await Promise.all([...this.#tasks].map((id) => this.#runAgain(id)));
    await Promise.all([rotated, watched, ...[...this.#tasks].map((id) => this.#steering.redeliver(id))]);
    await this.#operate();
    await this.#steering.look();
    await this.#inspection.inspect([...this.#tasks]);
  }

  /** One submit, tried again while it is refused for a reason that passes. */
  async #submit(): Promise<void> {
    const { retries, otherRequest, request } = this.#plan;
    for (let tries = 0; tries <= retries; tries++) {
      const submitted = this.#wasRefused && otherRequest ? otherRequest : request;
      try {
        const tasks = await this.#send(submitted);
        for (const { id } of tasks) this.#tasks.add(id);
        // Items that the queue did not confirm are sent again with the whole batch, if it has a key.
        if (tasks.length === this.#itemsOf(submitted).length || this.#plan.key === undefined) return;
        await this.#clock.sleep(PAUSE_MS);
      } catch (error) {
        const code = error instanceof ModelyardError ? error.code : 'internal';
        this.#world.trace(this.#actor, () => `was refused request ${submitted.number}: ${code}`);
        if (code === 'idempotency_conflict') return;
        if (code.endsWith('_unavailable')) this.#wasRefused = true;
        await this.#clock.sleep(PAUSE_MS);
      }
    }
  }

  #itemsOf(request: SimRequest): readonly SimRequest[] {
    return [request, ...(this.#plan.batch ?? [])];
  }

  async #send(request: SimRequest): Promise<readonly Task[]> {
    const { key, owner, priority, deadlineSeconds, timeoutSeconds, hook, waitSeconds, upload } = this.#plan;
    const uploaded = upload && key !== undefined ? await this.#steering.upload(request, key) : undefined;
    const options = {
      ...(hook ? { webhook: { url: RECEIVER } } : {}),
      ...{ owner, priority, deadlineSeconds },
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      ...(waitSeconds === undefined ? {} : { waitSeconds }),
    };
    const { batch } = this.#plan;
    return this.#call(
      batch ? 'batch' : 'submit',
      async (gateway) =>
        batch
          ? gateway.submitBatch({ requests: this.#itemsOf(request), ...options })
          : [await gateway.submit({ request, ...options, ...(uploaded ? { uploaded } : {}) })],
      () => `request ${request.number}: ${request.does}${batch ? `, and ${batch.length} more` : ''}`,
      (tasks) => tasks.map((task) => this.#told(task)).join(', '),
    );
  }

  async #cancel(id: string): Promise<void> {
    const { cancelAfterMs } = this.#plan;
    if (cancelAfterMs === undefined) return;
    await this.#clock.sleep(cancelAfterMs);
    for (let tries = 0; tries <= MAX_CANCEL_TRIES; tries++) {
      try {
        await this.#askOf('cancel', (gateway) => gateway.cancel(id, this.#plan.owner), id);
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

  /** Redrives the tasks of all, and waits for their ends. */
  async #operate(): Promise<void> {
    const { rows } = this.#world.oracle.history;
    for (let left = this.#plan.operates?.times ?? 0; left > 0; left--) {
      for (const id of await this.#inspection.operate()) await this.#untilEnded(id, rows.get(id)?.owner ?? '');
    }
  }

  /** Resolves with whether the task may run again: it was told so, or it was told nothing at first. */
  async #sendAgain(id: string, as: 'retry' | 'redrive'): Promise<boolean> {
    for (let tries = 0; tries <= MAX_RETRY_TRIES; tries++) {
      try {
        await this.#askOf(as, (gateway) => gateway[as](id, this.#plan.owner), id);
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

  /** Connects again after each answer, and after each one that was lost, with the last event that it has seen. */
  async #followEvents(id: string): Promise<void> {
    const { owner } = this.#plan;
    for (;;) {
      const seen = this.#seen.get(id) ?? NOTHING_SEEN;
      const events = await this.#call(
        'events',
        (gateway) => gateway.events(id, owner, seen, WAIT_MS),
        () => `${this.#world.describe.alias(id)} after ${encodePosition(seen)}`,
        (told) => told?.map(({ type, position }) => `${type} ${encodePosition(position)}`).join(', ') ?? 'no more',
      ).catch(() => []);
      if (!events) return;
      let last = seen;
      for (const event of events) {
        this.#world.oracle.followed(id, last, event);
        last = event.position;
      }
      this.#seen.set(id, last);
      if (events.length === 0) await this.#clock.sleep(PAUSE_MS);
    }
  }

  async #follow(id: string): Promise<void> {
    if (this.#plan.follows) await this.#followEvents(id);
    await this.#untilEnded(id, this.#plan.owner);
    await this.#clock.sleep(PAUSE_MS);
    await this.#askOf('get', (gateway) => gateway.get(id, this.#plan.owner), id).catch(() => undefined);
  }

  async #untilEnded(id: string, owner: string): Promise<void> {
    for (;;) {
      try {
        const task = await this.#askOf('wait', (gateway) => gateway.wait(id, owner, WAIT_MS), id);
        if (isTerminal(task.state)) return;
      } catch {
        await this.#clock.sleep(PAUSE_MS);
      }
    }
  }

  readonly #told = ({ id, state }: Task): string => `${this.#world.describe.alias(id)} is ${state}`;

  #askOf(name: string, serve: (gateway: Gateway) => Promise<Task>, id: string): Promise<Task> {
    return this.#call(name, serve, () => this.#world.describe.alias(id), this.#told);
  }

  async #call<T>(
    name: string,
    serve: (gateway: Gateway) => Promise<T>,
    describe: () => string,
    show: (told: T) => string,
  ): Promise<T> {
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
      show,
    });
    const timeout = this.#clock
      .sleep(CALL_TIMEOUT_MS)
      .then(() => Promise.reject(new ModelyardError('gateway_timeout', 'No answer.', { retryable: true })));
    return Promise.race([called, timeout]);
  }
}
