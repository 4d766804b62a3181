import { comparePositions, type ModelStats, STAT_OUTCOMES, type StatOutcome, type Task, type TaskState } from '#core';
import { BEHIND_MS } from '../servers/sim-dynamo.ts';
import { type History, roundKey } from './history.ts';
import type { Violation } from './row-rules.ts';

/** A list that was read to its end, page by page. */
export interface ReadList {
  readonly owners: readonly string[];
  readonly state: TaskState | undefined;
  /** When its first page was asked for: milliseconds since the start, and Unix milliseconds. */
  readonly askedMs: number;
  readonly askedUnixMs: number;
  readonly tasks: readonly Task[];
}

/** What holds for a list of tasks: all of its owners, once each, newest first. */
export function checkList(history: History, list: ReadList): Violation | undefined {
  const { owners, state, tasks } = list;
  const rule = 'a list has every task once';
  const strange = tasks.find((task) => !owners.includes(task.owner) || (state !== undefined && task.state !== state));
  if (strange) return { rule, what: `${strange.id} of ${strange.owner}, which is ${strange.state}, was listed` };
  const at = tasks.findIndex((task, i) => i > 0 && comparePositions(tasks[i - 1] as Task, task) >= 0);
  if (at > 0) return { rule, what: `${tasks[at - 1]?.id} was listed before ${tasks[at]?.id}` };
  const listed = new Set(tasks.map(({ id }) => id));
  const missing = [...history.accepted.keys()].find((id) => !listed.has(id) && wasThere(history, id, list));
  return missing === undefined ? undefined : { rule, what: `${missing} was accepted before, and was not listed` };
}

/** Whether a task was in a list from before it was asked for until its end was read. */
function wasThere(history: History, id: string, { owners, state, askedMs, askedUnixMs }: ReadList): boolean {
  const row = history.rows.get(id);
  const { acceptedAt = askedUnixMs } = history.accepted.get(id) ?? {};
  if (!row || !owners.includes(row.owner) || acceptedAt >= askedUnixMs - BEHIND_MS) return false;
  if (state === undefined) return true;
  const end = history.ends.get(roundKey(row));
  return row.state === state && end !== undefined && end.atMs < askedMs - BEHIND_MS;
}

/** Ends so far, by state. */
function endsOf({ ends }: History): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { shown } of ends.values()) {
    const { state } = JSON.parse(shown) as Task;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

const RULE = 'statistics count each end once';

/** What holds for statistics that a caller was told. */
export function checkStats(history: History, { total, series }: ModelStats, minutes: number): Violation | undefined {
  const ends = endsOf(history);
  for (const outcome of STAT_OUTCOMES) {
    const sum = series.reduce((all, minute) => all + minute[outcome], 0);
    if (sum !== total[outcome]) return { rule: RULE, what: `${total[outcome]} are ${outcome}, and ${sum} by minute` };
    if (outcome === 'retried' || history.trouble() > 0 || sum <= (ends.get(outcome) ?? 0)) continue;
    return { rule: RULE, what: `${sum} are counted as ${outcome}, and ${ends.get(outcome) ?? 0} are` };
  }
  return series.length === minutes
    ? undefined
    : { rule: RULE, what: `${series.length} of ${minutes} minutes are told` };
}

/** Where nothing goes wrong, all that ended is counted in the end. */
export function checkCounts(history: History, counted: Readonly<Record<StatOutcome, number>>): Violation | undefined {
  if (history.trouble() > 0) return undefined;
  const ends = endsOf(history);
  const wrong = STAT_OUTCOMES.find((outcome) => outcome !== 'retried' && counted[outcome] !== (ends.get(outcome) ?? 0));
  if (!wrong) return undefined;
  return { rule: RULE, what: `${counted[wrong]} are counted as ${wrong} in the end, and ${ends.get(wrong) ?? 0} are` };
}
