import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_INLINE_BYTES } from '#core';
import { post, type TaskBody } from '#test/support/api-client.ts';
import type { EmbeddedSystem } from '#test/support/embedded-system.ts';

/** A request, and what its task has to answer. */
interface Request {
  readonly model: string;
  readonly body: unknown;
  readonly key: string;
  readonly answer: Readonly<Record<string, unknown>>;
}

interface Accepted extends Request {
  readonly id: string;
  /** Whether its success was seen: it must be seen from then on. */
  hasSucceeded: boolean;
}

type System = Pick<EmbeddedSystem, 'fetch'>;

/** Until a refused submit is repeated. */
const REFUSED_PAUSE_MS = 50;
/** Payloads above the inline limit are files beside the database. */
const LARGE = 'x'.repeat(MAX_INLINE_BYTES + 1000);

/** Submits tasks, and remembers which of them a system has accepted. */
export class AcceptedTasks {
  readonly faults: string[] = [];
  readonly #random: () => number;
  readonly #accepted = new Map<string, Accepted>();
  /** Requests whose answers were cut off: they may have been accepted or not. */
  readonly #doubtful: Request[] = [];
  #submits = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get count(): number {
    return this.#accepted.size;
  }

  /** Submits until the signal aborts or the system has gone. */
  async submitUntil(system: System, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const request = this.#doubtful.pop() ?? this.#newRequest();
      try {
        const response = await post(system, `/models/${request.model}/tasks`, request.body, {
          'Idempotency-Key': request.key,
        });
        const task = (await response.json()) as TaskBody;
        if (response.status === 202) this.#accept(request, task);
        else {
          this.#doubtful.push(request);
          await sleep(REFUSED_PAUSE_MS);
        }
      } catch {
        // Recovery: submitted again with the same key after the next start.
        this.#doubtful.push(request);
        return;
      }
    }
  }

  /** Reads some tasks. None may be unknown, and none may have lost its success. */
  async readSome(system: System, count: number): Promise<void> {
    const ids = [...this.#accepted.keys()];
    for (let read = 0; read < count && ids.length > 0; read++) {
      const id = ids[Math.floor(this.#random() * ids.length)] ?? '';
      await this.#read(system, id, 0).catch(() => undefined);
    }
  }

  /** Waits for every task, and compares its answer. */
  async readAll(system: System): Promise<void> {
    await this.submitUntil(system, AbortSignal.timeout(1));
    for (const id of this.#accepted.keys()) {
      let task = await this.#read(system, id, 20);
      while (task.state === 'queued' || task.state === 'running') task = await this.#read(system, id, 20);
      if (task.state !== 'succeeded') this.faults.push(`${id} ended as ${task.state}: ${JSON.stringify(task.error)}`);
    }
  }

  async #read(system: System, id: string, waitSeconds: number): Promise<TaskBody> {
    const response = await system.fetch(`/tasks/${id}`, { headers: { Prefer: `wait=${waitSeconds}` } });
    const task = (await response.json()) as TaskBody;
    const accepted = this.#accepted.get(id);
    if (response.status !== 200) this.faults.push(`${id} was accepted and is answered ${response.status}.`);
    else if (accepted) this.#compare(accepted, task);
    return task;
  }

  #compare(accepted: Accepted, { id, state, result }: TaskBody): void {
    if (accepted.hasSucceeded && state !== 'succeeded') this.faults.push(`${id} had succeeded and is ${state}.`);
    if (state !== 'succeeded') return;
    accepted.hasSucceeded = true;
    const isRight = Object.entries(accepted.answer).every(([name, value]) => result?.[name] === value);
    if (!isRight) this.faults.push(`${id} has another task's result.`);
  }

  #accept(request: Request, { id }: TaskBody): void {
    const known = [...this.#accepted.values()].find(({ key }) => key === request.key);
    if (known && known.id !== id) this.faults.push(`The key of ${known.id} made a second task ${id}.`);
    if (!known) this.#accepted.set(id, { ...request, id, hasSucceeded: false });
  }

  #newRequest(): Request {
    this.#submits += 1;
    const number = this.#submits;
    const key = randomUUID();
    if (this.#random() < 0.1) {
      const data = `${number} ${LARGE}`;
      return { model: 'model_a', key, body: { data }, answer: { message: `Processed message: ${data}` } };
    }
    const body = { value: number, delay_seconds: Math.floor(this.#random() * 50) / 1000 };
    return { model: 'model_b', key, body, answer: { value: number } };
  }
}
