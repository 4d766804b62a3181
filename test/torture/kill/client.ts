import { setTimeout as sleep } from 'node:timers/promises';
import type { Accepted, Ledger, SeenTask } from './ledger.ts';
import type { Submission, Submissions } from './submission.ts';

interface ClientOptions {
  /** Of the gateways. */
  readonly urls: readonly string[];
  readonly ledger: Ledger;
  readonly submissions: Submissions;
  readonly random: () => number;
}

/** An answer of the API. Absent when the connection broke or took too long. */
interface Answer {
  readonly status: number;
  /** Milliseconds of `performance.now()`. */
  readonly askedAt: number;
  readonly body: unknown;
}

const MODEL = 'torture';
const WAITS = [0, 0, 0, 0, 2, 10] as const;
const TIMEOUT_MS = 20_000;
const MAX_IN_FLIGHT = 500;
const MAX_REPEATS = 3;
/** Share of unanswered submits with a key that go on with another request under the same key. */
const REUSE_SHARE = 0.1;
/** What the API may answer to a submit that it does not accept; 408 after a gateway was frozen while a request arrived. */
const REFUSALS: ReadonlySet<number> = new Set([408, 429, 503, 504]);

/** Submits and reads through all gateways, and tells the ledger what it saw. */
export class Client {
  /** Answers by status; 0 stands for no answer. */
  readonly answers = new Map<number, number>();
  readonly #options: ClientOptions;
  readonly #inFlight = new Set<Promise<void>>();
  /** Submissions with a key of which it is not known whether they are accepted. */
  readonly #unknown = new Set<Submission>();
  readonly #known = new WeakSet<Submission>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Submits at a constant rate, however slowly the API answers, until the signal aborts. */
  async submitAll(rate: number, signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    for (let count = 0; !signal.aborted; count++) {
      const due = startedAt + (count * 1000) / rate;
      if (due > performance.now()) await sleep(due - performance.now());
      if (this.#inFlight.size >= MAX_IN_FLIGHT) continue;
      const submitting = this.#submitAndRepeat(this.#options.submissions.next(), signal).finally(() =>
        this.#inFlight.delete(submitting),
      );
      this.#inFlight.add(submitting);
    }
    await Promise.all(this.#inFlight);
  }

  /** Reads tasks at random, mostly those that have not ended, until the signal aborts. */
  async readAll(signal: AbortSignal): Promise<void> {
    const { ledger } = this.#options;
    while (!signal.aborted) {
      const tasks = this.#random() < 0.7 && ledger.open.length > 0 ? ledger.open : ledger.accepted;
      const task = this.#pick(tasks);
      if (task) await this.read(task);
      await sleep(20);
    }
  }

  /** Reads one task. Resolves with whether the API answered. */
  async read(task: Accepted): Promise<boolean> {
    const answer = await this.#ask(`/tasks/${task.id}`);
    if (answer?.status === 404) this.#options.ledger.noteMissing(task);
    if (answer?.status === 200) this.#options.ledger.noteSeen(task, answer.body as SeenTask, answer.askedAt);
    else this.#checkRefusal(answer, `a read of ${task.id}`, [404]);
    return answer?.status === 200 || answer?.status === 404;
  }

  /**
   * Repeats submits with a key that were not answered until they are, as clients should. Resolves with how many are
   * left.
   */
  async submitUnknown(): Promise<number> {
    for (const submission of this.#unknown) await this.#submit(submission, 0);
    return this.#unknown.size;
  }

  /** The ids of all tasks; undefined when a page was not answered. */
  async list(): Promise<readonly string[] | undefined> {
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer: Answer | undefined = await this.#ask(`/tasks?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
      if (answer?.status !== 200) return undefined;
      const page = answer.body as { readonly tasks: readonly SeenTask[]; readonly next_cursor: string | null };
      ids.push(...page.tasks.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    return ids;
  }

  async #submitAndRepeat(submission: Submission, signal: AbortSignal): Promise<void> {
    const first = this.#submit(submission, this.#pick(WAITS) ?? 0);
    if (submission.key === undefined) return void (await first);
    // Some callers repeat before they have an answer.
    const repeats = Math.floor(this.#random() * (MAX_REPEATS + 1));
    const others = Array.from({ length: repeats }, async () => {
      await sleep(this.#random() * 2_000);
      await this.#submit(submission, 0);
    });
    await Promise.all([first, ...others]);
    if (!this.#unknown.has(submission) || this.#random() > REUSE_SHARE || signal.aborted) return;
    this.#unknown.delete(submission);
    await this.#submit(this.#options.submissions.insteadOf(submission), 0);
  }

  async #submit(submission: Submission, wait: number): Promise<void> {
    const { body, key, deadlineSeconds } = submission;
    const answer = await this.#ask(`/models/${MODEL}/tasks`, {
      method: 'POST',
      body,
      headers: {
        'Content-Type': 'application/json',
        'Task-Deadline': String(deadlineSeconds),
        Prefer: `wait=${wait}`,
        ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      },
    });
    if (answer?.status === 200 || answer?.status === 202) {
      this.#settle(submission);
      this.#options.ledger.noteAccepted(submission, answer.body as SeenTask, answer.askedAt);
      return;
    }
    // 404: no instance has registered the model yet. 422: the key belongs to the request before.
    this.#checkRefusal(answer, `a submit of ${submission.token}`, submission.isReuse ? [404, 422] : [404]);
    if (answer?.status === 422) this.#settle(submission);
    else if (key !== undefined && !this.#known.has(submission)) this.#unknown.add(submission);
  }

  #settle(submission: Submission): void {
    this.#unknown.delete(submission);
    this.#known.add(submission);
  }

  #checkRefusal(answer: Answer | undefined, what: string, allowed: readonly number[]): void {
    if (!answer || answer.status === 200 || REFUSALS.has(answer.status) || allowed.includes(answer.status)) return;
    this.#options.ledger.noteAnswer(`${what} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Answer | undefined> {
    const url = `${this.#pick(this.#options.urls)}${path}`;
    const askedAt = performance.now();
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const answer = { status: response.status, askedAt, body: await response.json() };
      this.#count(response.status);
      return answer;
    } catch {
      // Recovery: whether it was accepted is not known, as for any caller.
      this.#count(0);
      return undefined;
    }
  }

  #count(status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  get #random(): () => number {
    return this.#options.random;
  }
}
