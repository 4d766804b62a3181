import { isTerminal, type Task } from '#core';
import type { Actor } from '../engine/engine.ts';
import { type Behavior, decodeResponse, hashOf, type SimRequest } from '../world/requests.ts';
import { type ClientPlan, requestsOf, type Scenario } from '../world/scenario.ts';

/** How a run of the model ended; `left` when its process died of something else. */
export type RunEnd = 'answered' | 'failed' | 'refused' | 'aborted' | 'crashed' | 'left';

/** One run of the model with one request. */
export interface Run {
  readonly number: number;
  readonly taskId: string;
  readonly request: SimRequest;
  readonly actor: Actor;
  /** How often its task was retried or redriven before. */
  readonly round: number;
  readonly startedMs: number;
  end?: RunEnd;
  endedMs?: number;
  /** When its process died, if it died before the run ended. */
  leftMs?: number;
  /** Whether the model continued after its abort signal. */
  ignoredAbort: boolean;
}

export interface AcceptedTask {
  readonly request: SimRequest;
  readonly deadlineAt: number;
  readonly acceptedAt: number;
}

/** How a task runs again, in its history. */
type Again = 'retried' | 'redriven';

/** A call of the receiver of webhooks, for the end of a round. */
interface HookCall {
  readonly id: string;
  readonly round: number;
  readonly status: number;
  readonly atMs: number;
}

/** A batch without its invalid item. */
interface SentBatch {
  readonly owner: string;
  readonly requests: readonly SimRequest[];
}

/** The first observed end of a task. */
export interface SeenEnd {
  readonly shown: string;
  readonly atMs: number;
}

/** Requests for which a process may be killed while others run in it. */
const BLOCKING: ReadonlySet<Behavior> = new Set(['ignore', 'block']);

/** The time limit of a run begins before its request reaches the model. */
const HAND_OVER_MS = 100;

/** Everything that happened in a simulation, as far as the rules need it. */
export class History {
  readonly scenario: Scenario;
  /** How often something went wrong from outside so far: faults, incidents, messages that the broker handed out twice. */
  readonly trouble: () => number;
  /** What a caller was told 202 for, by task. */
  readonly accepted = new Map<string, AcceptedTask>();
  /** The rows of the store as they are. */
  readonly rows = new Map<string, Task>();
  /** Tasks with a row that has lost progress: a repeated write of older progress arrived late. */
  readonly rewound = new Set<string>();
  /** By task and round. */
  readonly ends = new Map<string, SeenEnd>();
  /** The last round that a caller was told of, by task. */
  readonly acceptedRounds = new Map<string, number>();
  /** Who asked to have a task run again, and how, as often as they did. */
  readonly #asked = new Map<string, string[]>();
  /** Who asked to have all dead letters run again. */
  readonly #askedForAll: string[] = [];
  /** Tasks that a caller asked to cancel. */
  readonly cancelsAsked = new Set<string>();
  /** When a cancel was answered, in milliseconds since the start, by task. */
  readonly canceledMs = new Map<string, number>();
  /** The rounds whose end the receiver of webhooks has taken, by task. */
  readonly hooked = new Map<string, Set<number>>();
  /** What the receiver of webhooks answered. */
  readonly hookCalls: HookCall[] = [];
  /** Batches that were accepted, by id. */
  readonly batches = new Map<string, SentBatch>();
  /** Processes that died, for whatever reason. */
  deaths = 0;
  readonly #runs = new Map<string, Run[]>();
  readonly #plans = new Map<string, { readonly request: SimRequest; readonly plan: ClientPlan }>();
  #runCount = 0;

  constructor(scenario: Scenario, trouble: () => number) {
    this.scenario = scenario;
    this.trouble = trouble;
    for (const plan of scenario.clients) {
      for (const request of requestsOf(plan)) this.#plans.set(hashOf(request), { request, plan });
    }
  }

  /** The request that a row was created for, and who sent it. */
  planOf({ requestHash }: Pick<Task, 'requestHash'>) {
    return this.#plans.get(requestHash);
  }

  planOfTask(id: string): ClientPlan | undefined {
    const row = this.rows.get(id);
    return row && this.planOf(row)?.plan;
  }

  runsOf(taskId: string): readonly Run[] {
    return this.#runs.get(taskId) ?? [];
  }

  /** The runs since the last retry that a task shows. */
  runsOfRound({ id, round = 0 }: Pick<Task, 'id' | 'round'>): readonly Run[] {
    return this.runsOf(id).filter((run) => run.round === round);
  }

  /** The rounds of an accepted task whose end its receiver has not taken. */
  unhooked(id: string): readonly number[] {
    if (!this.planOfTask(id)?.hook) return [];
    const rounds = Array.from({ length: 1 + (this.rows.get(id)?.round ?? 0) }, (_, round) => round);
    return rounds.filter((round) => !this.hooked.get(id)?.has(round));
  }

  askedAgain(id: string, as: Again, by: string): void {
    this.#asked.set(id, [...(this.#asked.get(id) ?? []), `${as} by ${by}`]);
  }

  /** `ids`: undefined for all dead letters. */
  askedToRedrive(by: string, ids: readonly string[] | undefined): void {
    if (!ids) this.#askedForAll.push(by);
    for (const id of ids ?? []) this.askedAgain(id, 'redriven', by);
  }

  timesAskedAgain(id: string): number {
    return (this.#asked.get(id)?.length ?? 0) + this.#askedForAll.length;
  }

  hasAsked(id: string, as: Again, by: string): boolean {
    const isOfAll = as === 'redriven' && this.#askedForAll.includes(by);
    return isOfAll || (this.#asked.get(id)?.includes(`${as} by ${by}`) ?? false);
  }

  addRun(taskId: string, request: SimRequest, actor: Actor, startedMs: number): Run {
    this.#runCount += 1;
    const round = this.rows.get(taskId)?.round ?? 0;
    const run: Run = { number: this.#runCount, taskId, request, actor, round, startedMs, ignoredAbort: false };
    const runs = this.#runs.get(taskId);
    // A dead process may compute until the end of its turn; its result is dropped.
    if (!actor.isAlive) return run;
    if (runs) runs.push(run);
    else this.#runs.set(taskId, [run]);
    return run;
  }

  endRunsIn(actor: Actor, nowMs: number): void {
    for (const run of this.runsIn(actor)) {
      if (run.end !== undefined) continue;
      run.end = 'left';
      run.leftMs = nowMs;
    }
  }

  runsIn(actor: Actor): readonly Run[] {
    return [...this.#runs.values()].flat().filter((run) => run.actor === actor);
  }

  /** Whether the process of a run died of another request: one that crashed it, or for which it was killed. */
  diedOfAnother(run: Run): boolean {
    const { actor, end, request, ignoredAbort } = run;
    if (end !== 'left' || ignoredAbort || request.does === 'block' || this.#isOverTime(run)) return false;
    return this.runsIn(actor).some(
      (other) =>
        other.request.number !== request.number && (other.end === 'crashed' || BLOCKING.has(other.request.does)),
    );
  }

  /** An item of a batch stays in its process after its time limit, which is charged to it. */
  #isOverTime({ request, startedMs, leftMs = startedMs }: Run): boolean {
    const seconds = this.#plans.get(hashOf(request))?.plan.timeoutSeconds ?? this.scenario.model.timeoutSeconds;
    return leftMs - startedMs > seconds * 1000 - HAND_OVER_MS;
  }
}

/** Each round of a task has one end. */
export const roundKey = ({ id, round = 0 }: Pick<Task, 'id' | 'round'>): string => `${id}/${round}`;

/** Everything that a caller sees of the end of a task, or "not ended". */
export function shownEnd({ state, attempts, endedAt, error, result }: Task): string {
  if (!isTerminal(state)) return 'not ended';
  const payload = result?.payload;
  const { to, run } = payload?.kind === 'inline' ? decodeResponse(payload.bytes) : {};
  const shown = payload?.kind === 'blob' ? { key: payload.key } : { to, run };
  return JSON.stringify({ state, attempts, endedAt, error: error?.message, ...shown });
}
