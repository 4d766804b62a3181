import {
  type AcceptedBatch,
  type EventPosition,
  encodePosition,
  isTerminal,
  itemTaskId,
  type ModelStats,
  ModelyardError,
  type StatOutcome,
  type Task,
  type TaskFollowEvent,
} from '#core';
import type { Actor, Engine } from '../engine/engine.ts';
import type { FaultKind } from '../engine/faults.ts';
import { hashOf, type SimRequest } from '../world/requests.ts';
import type { Scenario } from '../world/scenario.ts';
import { BacklogRules } from './backlog-rules.ts';
import { checkEnd } from './final-rules.ts';
import { History, type Run, type RunEnd, roundKey } from './history.ts';
import { HookRules, type ReceivedHook } from './hook-rules.ts';
import { InspectionRules } from './inspection-rules.ts';
import { checkRow, hasLostProgress, isNextEvent, type Violation } from './row-rules.ts';
import { checkCounts, checkList, checkStats, type ReadList } from './told-rules.ts';

export type { Run } from './history.ts';
export type { Violation } from './row-rules.ts';

const STANDSTILL_MS = 10_000;
/** Two failures of a receiver, and the looks at a task before. */
export const MAX_WEBHOOK_MS = 400_000;
/** The way to the model. */
const CANCEL_GRACE_MS = 500;

interface AtEnd {
  readonly isDue: (id: string) => boolean;
  readonly counted: Readonly<Record<StatOutcome, number>> | undefined;
}

/** Records everything that happens and ends the simulation when a rule is broken. */
export class Oracle {
  violation: Violation | undefined;
  readonly history: History;
  readonly backlog: BacklogRules;
  readonly hooks: HookRules;
  readonly inspections: InspectionRules;
  readonly #engine: Engine;

  /** `faults`: the kinds of those that were injected so far. */
  constructor(engine: Engine, scenario: Scenario, trouble: () => number, faults: () => readonly FaultKind[]) {
    this.#engine = engine;
    this.history = new History(scenario, trouble);
    this.backlog = new BacklogRules(this.history, () => ({ ms: engine.now, unixMs: engine.unixMs }), faults);
    this.hooks = new HookRules(this.history, () => engine.now);
    this.inspections = new InspectionRules(
      this.history,
      () => engine.now,
      (rule, what) => this.fail(rule, what),
    );
  }

  /** Whether every task that was accepted has ended. */
  get hasAllEnded(): boolean {
    const { accepted, rows } = this.history;
    return [...accepted.keys()].every((id) => isTerminal(rows.get(id)?.state ?? 'queued'));
  }

  runStarted(taskId: string, request: SimRequest, actor: Actor): Run {
    const { canceledMs, rows, scenario, trouble } = this.history;
    const sinceMs = this.#engine.now - (canceledMs.get(taskId) ?? Number.POSITIVE_INFINITY);
    // A run that was claimed before the cancel waits for a model that blocks, which its time limit ends.
    const blockedMs = rows.get(taskId)?.startedAt === undefined ? 0 : 1000 * scenario.model.timeoutSeconds;
    if (sinceMs > CANCEL_GRACE_MS + blockedMs && trouble() === 0 && !scenario.skews) {
      this.fail('a canceled task does not start', `${taskId} started ${sinceMs} ms after its cancel was answered`);
    }
    return this.history.addRun(taskId, request, actor, this.#engine.now);
  }

  runEnded(run: Run, end: RunEnd): void {
    if (!run.actor.isAlive || run.end !== undefined) return;
    run.end = end;
    run.endedMs = this.#engine.now;
  }

  died(actor: Actor): void {
    this.history.deaths += 1;
    this.history.endRunsIn(actor, this.#engine.now);
  }

  /** A run continues although its signal has aborted. */
  abortIgnored(run: Run): void {
    if (run.end === undefined) run.ignoredAbort = true;
  }

  /** An instance kills its model process. */
  modelKilled(process: Actor, instance: Actor): void {
    // After a standstill, timers fire before the responses that arrived in the meantime.
    if (instance.frozenUntil > this.#engine.now - STANDSTILL_MS) return;
    const isBlocked = process.frozenUntil > this.#engine.now;
    const isIgnoring = this.history.runsIn(process).some(({ end, ignoredAbort }) => end === undefined && ignoredAbort);
    if (!isBlocked && !isIgnoring) {
      this.fail(
        'a model process is killed for a reason',
        `${process.name} was killed, and no run in it ignored an abort`,
      );
    }
  }

  /** A gateway told a caller 202. */
  submitAccepted(task: Task, request: SimRequest): void {
    const { accepted, rows } = this.history;
    const { id, deadlineAt } = task;
    const before = accepted.get(id)?.request.number;
    if (before !== undefined && before !== request.number) {
      this.fail('a row keeps its request', `${id} was accepted for request ${before} and for ${request.number}`);
    }
    if (task.requestHash !== hashOf(request)) {
      this.fail('a row keeps its request', `request ${request.number} was accepted as a task of another request`);
    }
    if (before === undefined) accepted.set(id, { request, deadlineAt, acceptedAt: this.#engine.unixMs });
    if (!rows.has(id)) this.fail('an accepted task is kept', `${id} was accepted, and is not in the store`);
  }

  /** A gateway told a caller 202 for a batch of these requests and of an invalid one. Returns the tasks of its items. */
  batchAccepted({ batch, refused }: AcceptedBatch, requests: readonly SimRequest[]): readonly Task[] {
    const rule = 'each item of a batch stands alone';
    if (refused.get(requests.length)?.error.code !== 'invalid_input') this.fail(rule, 'an invalid item was accepted');
    this.history.batches.set(batch.id, { owner: batch.owner, requests });
    return requests.flatMap((request, index) => {
      const error = refused.get(index)?.error;
      if (error && !error.retryable) this.fail(rule, `item ${index} was refused: ${error.message}`);
      if (error) return [];
      const id = itemTaskId(batch.id, index);
      const row = this.history.rows.get(id);
      if (row) this.submitAccepted(row, request);
      else this.fail('an accepted task is kept', `${id} was accepted, and is not in the store`);
      return row ? [row] : [];
    });
  }

  /** A gateway told a caller that a task is canceled. */
  canceled(id: string): void {
    const { rows, canceledMs } = this.history;
    if (!canceledMs.has(id)) canceledMs.set(id, this.#engine.now);
    const state = rows.get(id)?.state;
    if (state !== 'canceled') this.fail('a cancel that was answered is done', `${id} was canceled, and is ${state}`);
  }

  /** A gateway told a caller that a task runs again. */
  sentAgain(id: string): void {
    const { rows, acceptedRounds } = this.history;
    const round = rows.get(id)?.round ?? 0;
    acceptedRounds.set(id, round);
    if (round === 0) {
      this.fail('a retry that was answered is done', `${id} was retried, and shows no retry`);
    }
  }

  /** A gateway told a caller that a task does not run again. `before`: the task when it was asked. */
  refusedAgain(before: Task | undefined, error: unknown): void {
    if (before?.state !== 'expired' || !(error instanceof ModelyardError && error.code === 'task_not_retryable'))
      return;
    const { state, round } = this.history.rows.get(before.id) ?? {};
    if (state !== 'expired' || round !== before.round) return;
    this.fail('an expired task can be retried', `${before.id} had expired: ${error.message}`);
  }

  /** A gateway told a caller that a submit of so many tasks was not accepted. */
  submitRefused(error: unknown, tasks: number): void {
    if (!(error instanceof ModelyardError) || !error.retryable) return;
    const isFull = error.code === 'backlog_full';
    if (!isFull && !error.code.endsWith('_unavailable')) return;
    if (error.retryAfterSeconds === undefined) {
      this.fail('who is refused knows when to come back', `${error.code} ("${error.message}") has no Retry-After`);
    }
    const wrong = isFull ? this.backlog.refused(tasks) : undefined;
    if (wrong !== undefined) this.fail('no place of a backlog stays empty', wrong);
  }

  /** The bytes of an upload were taken. */
  uploaded(isAsAnnounced: boolean): void {
    if (!isAsAnnounced) this.fail('an upload is what was announced', 'other bytes than announced were taken');
  }

  /** A caller has read a list to its end. */
  listed(list: ReadList): void {
    this.#judge(checkList(this.history, list));
  }

  /** A caller was told the statistics of so many minutes. */
  counted(stats: ModelStats, minutes: number): void {
    this.#judge(checkStats(this.history, stats, minutes));
  }

  /** The receiver of webhooks was told of the end of a round, and has taken it or failed. */
  webhookReceived(hook: ReceivedHook, isTaken: boolean): void {
    const { id, round } = hook;
    this.history.hookCalls.push({ id, round, status: isTaken ? 204 : 500, atMs: this.#engine.now });
    this.hooks.received(hook, isTaken, (rule, what) => this.fail(rule, what));
  }

  /** Whether every end was told to its receiver. */
  get hasToldAll(): boolean {
    return [...this.history.accepted.keys()].every(
      (id) => this.history.unhooked(id).length === 0 && this.hooks.unsent(id).length === 0,
    );
  }

  /** The store has changed a row, or removed it. */
  stored(id: string, task: Task | undefined): void {
    const { accepted, rows, ends, rewound } = this.history;
    if (task) {
      if (hasLostProgress(rows.get(id), task)) rewound.add(id);
      this.#checkRound(rows.get(id), task);
      rows.set(id, task);
      this.#check(task);
      const wrong = this.backlog.changed();
      if (wrong !== undefined) this.fail('no more tasks wait than may', wrong);
      return;
    }
    if (accepted.has(id)) this.fail('an accepted task is kept', `${id} was accepted, and is removed`);
    rows.delete(id);
    for (const key of [...ends.keys()]) if (key.startsWith(`${id}/`)) ends.delete(key);
  }

  /** A caller who asked at `askedMs` was told of a task. */
  seen(id: string, task: Task, askedMs: number): void {
    if (task.id !== id)
      this.fail('who asks for a task is told of this task', `${id} was asked for, ${task.id} was told`);
    const end = this.history.ends.get(roundKey(task));
    // A state that was read before the end may be reported after it.
    if (!isTerminal(task.state) && end !== undefined && askedMs <= end.atMs) return;
    this.#check(task);
  }

  /** A caller who has seen the events up to a position was told of the next one. */
  followed(id: string, seen: EventPosition, event: TaskFollowEvent): void {
    // Then the events are told again from the beginning.
    if (isNextEvent(seen, event) || this.history.rewound.has(id)) return;
    const text = `${encodePosition(seen)} was followed by ${event.type} ${encodePosition(event.position)}`;
    this.fail('who follows a task misses nothing', `${id}: ${text}`);
  }

  lookupFailed(id: string, error: unknown): void {
    if (!this.history.accepted.has(id) || !(error instanceof ModelyardError)) return;
    if (error.code === 'task_not_found') {
      this.fail('an accepted task is kept', `${id} was accepted; a caller was told ${error.code}`);
    }
  }

  /** An instance ended with an error of its own. */
  instanceFailed(actor: Actor, error: unknown): void {
    if (this.history.trouble() > 0) return;
    this.fail('instances end for a reason', `${actor.name} ended: ${error instanceof Error ? error.message : error}`);
  }

  /** `isDue`: whether a sender will act for the webhook of a task. `counted`: the statistics, if anybody counts. */
  atEnd({ isDue, counted }: AtEnd): void {
    this.#checkWebhooks(isDue);
    this.#judge(checkEnd(this.history));
    if (counted) this.#judge(checkCounts(this.history, counted));
  }

  #checkWebhooks(isDue: (id: string) => boolean): void {
    const { accepted, ends, trouble } = this.history;
    for (const id of accepted.keys()) {
      for (const round of this.history.unhooked(id)) {
        const end = ends.get(roundKey({ id, round }));
        if (!end) continue;
        const isLate = trouble() === 0 && this.#engine.now > end.atMs + MAX_WEBHOOK_MS;
        if (isLate || !isDue(id)) this.fail('an end is told to its receiver', `round ${round} of ${id} was not told`);
      }
      const [unsent] = this.hooks.unsent(id);
      if (unsent !== undefined && !isDue(id)) {
        this.fail('an end is sent again', `round ${unsent} of ${id} was to be sent again, and was not`);
      }
    }
  }

  fail(rule: string, what: string): void {
    this.violation ??= { rule, what };
    this.#engine.stop();
  }

  /** A task runs again only after it has failed or expired, and begins anew. */
  #checkRound(before: Task | undefined, task: Task): void {
    const { id, round = 0, state, attempts } = task;
    if (before === undefined || round === (before.round ?? 0)) return;
    this.inspections.retried(before, task);
    const isNext = round === (before.round ?? 0) + 1 && (before.state === 'failed' || before.state === 'expired');
    if (isNext && state === 'queued' && attempts === 0) return;
    const changed = `from ${before.state} in round ${before.round ?? 0} to ${state} in round ${round}`;
    this.fail('a task runs again after it has failed', `${id} went ${changed}, with ${attempts} attempts`);
  }

  #check(task: Task): void {
    this.#judge(checkRow(this.history, task, this.#engine.now, this.#engine.unixMs));
  }

  #judge(violation: Violation | undefined): void {
    if (violation) this.fail(violation.rule, violation.what);
  }
}
