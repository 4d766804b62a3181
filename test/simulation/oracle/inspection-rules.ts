import {
  type BatchCounts,
  comparePositions,
  type HistoryEntry,
  historyOf,
  type ItemOutcome,
  isTerminal,
  itemTaskId,
  type Redriven,
  TASK_STATES,
  type Task,
} from '#core';
import type { WebhookRecord } from '#core/webhooks';
import { BEHIND_MS } from '../servers/sim-dynamo.ts';
import { hashOf } from '../world/requests.ts';
import { type History, roundKey } from './history.ts';
import { checkHistory, type ToldHistory } from './history-rules.ts';

interface ToldDeliveries {
  readonly id: string;
  /** What is stored of the webhook of the task. */
  readonly record: WebhookRecord | undefined;
  readonly askedMs: number;
}

/** The task of an item of a batch; undefined while it has none. */
type Item = Task | undefined;

interface ToldCounts {
  readonly id: string;
  /** The items when the counts were asked for. */
  readonly before: readonly Item[];
  readonly counts: BatchCounts;
}

/** Time from the answer of a receiver until the attempt is in the list, where nothing goes wrong. */
const LISTED_MS = 1_000;

/** What callers are told when they ask what has become of tasks: histories, deliveries, batches and dead letters. */
export class InspectionRules {
  readonly #history: History;
  readonly #nowMs: () => number;
  readonly #fail: (rule: string, what: string) => void;
  /** The newest history that was told, by task, without an attempt in progress. */
  readonly #told = new Map<string, { readonly entries: readonly HistoryEntry[]; readonly toldMs: number }>();

  constructor(history: History, nowMs: () => number, fail: (rule: string, what: string) => void) {
    this.#history = history;
    this.#nowMs = nowMs;
    this.#fail = fail;
  }

  historyTold(told: ToldHistory): void {
    const { task, entries, askedMs } = told;
    const known = this.#told.get(task.id);
    const wrong =
      checkHistory(this.#history, told) ?? (known && askedMs >= known.toldMs && changeOf(known.entries, entries));
    if (wrong) this.#fail(HISTORY, `${task.id}: ${wrong}; told: ${entries.map(shown).join(', ')}`);
    const settled = entries.filter(({ event, outcome }) => event !== 'attempt' || outcome !== undefined);
    if (!known || askedMs >= known.toldMs) this.#told.set(task.id, { entries: settled, toldMs: this.#nowMs() });
  }

  /** A row has begun a new round. */
  retried(before: Task, task: Task): void {
    const wrong = changeOf(historyOf(before), historyOf(task));
    if (wrong) this.#fail(HISTORY, `${task.id}: ${wrong}`);
  }

  deliveriesTold({ id, record, askedMs }: ToldDeliveries): void {
    const rule = 'deliveries are listed as the receiver got them';
    const wrong = record ? this.#wrongDelivery(id, record, askedMs) : 'no webhook is listed';
    if (wrong) this.#fail(rule, `${id}: ${wrong}`);
  }

  #wrongDelivery(id: string, { taskId, deliveries }: WebhookRecord, askedMs: number): string | undefined {
    const { ends, hookCalls, trouble } = this.#history;
    if (taskId !== id) return `the webhook of ${taskId} is listed`;
    for (const [at, { id: event, round, event: name, state, attempts }] of deliveries.entries()) {
      if (event !== `msg_${id}_${round}`) return `the event ${event} is listed`;
      if (at > 0 && round <= (deliveries[at - 1]?.round ?? 0)) return `round ${round} is listed late or twice`;
      const end = ends.get(roundKey({ id, round }))?.shown;
      const ended = end && (JSON.parse(end) as Task).state;
      if (name !== `task.${ended}`) return `round ${round} is listed as ${name}, and was ${ended}`;
      const isBack = attempts.some((attempt, i) => i > 0 && attempt.at < (attempts[i - 1]?.at ?? 0));
      if (isBack) return `the attempts of round ${round} are not in their order`;
      const calls = hookCalls.filter((call) => call.id === id && call.round === round);
      for (const status of [204, 500]) {
        const listed = attempts.filter((attempt) => attempt.status === status).length;
        const received = calls.filter((call) => call.status === status);
        // A sender may die between the answer of a receiver and its record.
        const isCertain = (atMs: number) => atMs < askedMs - LISTED_MS && trouble() === 0;
        const certain = received.filter(({ atMs }) => isCertain(atMs)).length;
        if (listed <= received.length && listed >= certain) continue;
        return `${listed} attempts of round ${round} have ${status}, and the receiver answered so ${received.length} times`;
      }
      if (state === 'delivered' && attempts.at(-1)?.status !== 204)
        return `round ${round} is delivered without an answer`;
    }
    return undefined;
  }

  /** The tasks of the items of a batch as they are. */
  itemsOf(id: string): readonly Item[] {
    const { batches, rows } = this.#history;
    return batches.get(id)?.requests.map((_, index) => rows.get(itemTaskId(id, index))) ?? [];
  }

  batchCounted({ id, before, counts }: ToldCounts): void {
    const rule = 'the counts of a batch are those of its items';
    const sum = Object.values(counts).reduce((all, count) => all + count, 0);
    // And an invalid one.
    if (sum !== before.length + 1) this.#fail(rule, `${before.length + 1} items were sent, and ${sum} are counted`);
    const after = this.itemsOf(id);
    for (const state of TASK_STATES) {
      const isSure = (item: Item, at: number) => item?.state === state && isTerminal(state) && after[at] === item;
      const sure = before.filter(isSure).length;
      if (counts[state] < sure)
        this.#fail(rule, `${sure} items of ${id} are ${state}, and ${counts[state]} are counted`);
    }
    const stored = before.filter((item) => item !== undefined).length;
    const refused = before.length - stored + 1;
    if (counts.refused > refused)
      this.#fail(rule, `${refused} items of ${id} have no task, ${counts.refused} are counted`);
  }

  resultsTold(id: string, items: readonly ItemOutcome[]): void {
    const rule = 'the results of a batch are those of its items';
    const { requests = [], owner } = this.#history.batches.get(id) ?? {};
    const indexes = items.map(({ index }) => index).join();
    if (indexes !== [...requests, id].map((_, index) => index).join()) this.#fail(rule, `${id} was told as ${indexes}`);
    for (const item of items) {
      const { index } = item;
      const request = requests[index];
      const isTask = 'task' in item;
      if (!isTask && (!request || !this.#history.accepted.has(itemTaskId(id, index)))) continue;
      const isRight = isTask && request && item.task.owner === owner && item.task.requestHash === hashOf(request);
      if (isRight && item.task.id === itemTaskId(id, index)) continue;
      this.#fail(rule, `item ${index} of ${id} was told as ${isTask ? item.task.id : item.error.message}`);
    }
  }

  deadLettersListed(tasks: readonly Task[]): void {
    const strange = tasks.find(({ state, deadLetter }) => state !== 'failed' || !deadLetter);
    if (strange) this.#fail(DEAD_LETTERS, `${strange.id} is ${strange.state}, and was listed`);
    const positionOf = ({ id, endedAt = 0 }: Task) => ({ id, createdAt: endedAt });
    const at = tasks.findIndex(
      (task, i) => i > 0 && comparePositions(positionOf(tasks[i - 1] as Task), positionOf(task)) >= 0,
    );
    if (at > 0) this.#fail(DEAD_LETTERS, `${tasks[at - 1]?.id} was listed before ${tasks[at]?.id}`);
  }

  /** All pages of a list that was asked for at `askedMs`. */
  allDeadLettersListed(ids: readonly string[], askedMs: number): void {
    const twice = ids.find((id, at) => ids.indexOf(id) < at);
    if (twice) this.#fail(DEAD_LETTERS, `${twice} was listed twice`);
    const missing = [...this.#history.rows.values()].find((row) => {
      const end = this.#history.ends.get(roundKey(row));
      return row.deadLetter && end && end.atMs < askedMs - BEHIND_MS && !ids.includes(row.id);
    });
    if (missing) this.#fail(DEAD_LETTERS, `${missing.id} was given up before, and was not listed`);
  }

  /** `asked`: undefined for all. */
  redriven(asked: readonly string[] | undefined, { redriven, refused }: Redriven): void {
    const rule = 'who redrives is told what becomes of each';
    const told = [...redriven, ...refused.map(({ id }) => id)];
    const twice = told.find((id, at) => told.indexOf(id) < at);
    if (twice) this.#fail(rule, `${twice} was told twice`);
    const missing = asked?.find((id) => !told.includes(id));
    if (missing) this.#fail(rule, `${missing} was to be redriven, and nothing was told of it`);
    const silent = refused.find(({ error }) => error.code === 'internal' || error.message === '');
    if (silent) this.#fail(rule, `${silent.id} was refused: ${silent.error.message}`);
  }

  strangerTold(owner: string, id: string): void {
    this.#fail('nobody is told of what is of another', `${owner} was told of ${id}`);
  }
}

const HISTORY = 'a history has all that happened, once and in order';
const DEAD_LETTERS = 'a list of dead letters has each once';

const shown = ({ event, attempt, outcome, by, at }: HistoryEntry): string =>
  [event, attempt, outcome, by, `at ${at % 10_000_000}`].filter((part) => part !== undefined).join(' ');

/** What was told before stays. Describes an entry that has changed or is missing. */
function changeOf(before: readonly HistoryEntry[], entries: readonly HistoryEntry[]): string | undefined {
  let at = 0;
  for (const entry of before) {
    const text = JSON.stringify(entry);
    while (at < entries.length && JSON.stringify(entries[at]) !== text) at++;
    if (at === entries.length) return `${shown(entry)} was told before, and is gone`;
    at++;
  }
  return undefined;
}
