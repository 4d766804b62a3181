import type { HistoryEntry, Task } from '#core';
import { EPOCH } from '../engine/engine.ts';
import type { History, Run } from './history.ts';
import { clockErrorOf } from './row-rules.ts';

/** The history of a task as a caller was told it. */
export interface ToldHistory {
  readonly task: Task;
  readonly entries: readonly HistoryEntry[];
  /** Milliseconds since the start. */
  readonly askedMs: number;
}

/** Time until the end of a run is stored, where nothing goes wrong. */
const STORED_MS = 1_000;
type HistoryRule = (history: History, told: ToldHistory) => string | undefined;

/** What holds for every history. Each answers with what is wrong. */
const RULES: readonly HistoryRule[] = [
  function beginsWithSubmit(_history, { task, entries: [first] }) {
    const isSubmit = first?.event === 'submitted' && first.by === task.owner && first.at === task.createdAt;
    return isSubmit ? undefined : 'it does not begin with the submit';
  },

  function hasEachRound(_history, { task: { round = 0 }, entries }) {
    const begun = roundsOf(entries).length - 1;
    return begun === round ? undefined : `it has ${begun} of ${round} retries`;
  },

  function namesWhoAsked(history, { task, entries }) {
    const strange = entries.find(({ event, by }) => {
      if (event === 'canceled') return by !== task.owner || !history.cancelsAsked.has(task.id);
      return (event === 'retried' || event === 'redriven') && !history.hasAsked(task.id, event, by ?? '');
    });
    return strange && `nobody has asked for "${strange.event}" as ${strange.by}`;
  },

  function endsOnce(_history, { entries }) {
    const early = roundsOf(entries).find((round) => round.slice(0, -1).some(({ event }) => ENDS.has(event)));
    return early && 'something follows an end';
  },

  function endsAsTheTask(_history, { task: { state, round = 0 }, entries }) {
    const last = roundsOf(entries)[round]?.at(-1);
    const told = last?.event === 'attempt' ? last.outcome : last?.event;
    const isRight = TOLD_ENDS[state]?.includes(told ?? '') ?? !ENDS.has(last?.event ?? 'submitted');
    return isRight ? undefined : `it ends with "${told}"`;
  },

  function countsUp(_history, { entries }) {
    const isBack = roundsOf(entries).some((round) => {
      const numbers = round.flatMap(({ attempt }) => attempt ?? []);
      return numbers.some((number, at) => number < 1 || number < (numbers[at - 1] ?? 0));
    });
    return isBack ? 'the numbers of its attempts go down' : undefined;
  },

  function hasRequest({ scenario }, { task: { envelope, deadLetter = envelope } }) {
    // Rows on AWS begin without it, and those of an earlier build.
    return scenario.platform !== 'memory' || deadLetter ? undefined : 'its request is not kept';
  },

  function hasOnlyRuns(history, { task: { id }, entries }) {
    const runs = [...history.runsOf(id)];
    const unbegun = roundsOf(entries).flatMap((round, at) =>
      round.filter((entry) => entry.event === 'attempt' && !takeRun(runs, entry, at, clockErrorOf(history))),
    );
    // An attempt is recorded before the model has it, which may not come to it.
    const isExplained = (entry: HistoryEntry) => entry.outcome === undefined || entry.outcome === 'aborted';
    const strange = unbegun.filter((entry) => !isExplained(entry));
    return strange.length > history.trouble() + history.deaths
      ? `attempt ${strange[0]?.attempt} was no run`
      : undefined;
  },

  function hasFailedRuns(history, { task: { id, state }, entries, askedMs }) {
    const plan = history.planOfTask(id);
    // Another message of a repeat may run at the same time; what ends after the task is not recorded, nor is a run of a
    // batch that is repeated for another item.
    const isAlone = plan?.repeats === 1 && !history.scenario.model.batching;
    const isSure = history.trouble() === 0 && isAlone && state !== 'canceled' && state !== 'expired';
    if (!isSure || entries.some(({ event }) => event === 'expired')) return undefined;
    const failed = history
      .runsOf(id)
      .filter((run) => run.end === 'failed' && (run.endedMs ?? askedMs) < askedMs - STORED_MS);
    const told = entries.filter(({ outcome }) => outcome === 'failed').length;
    return told < failed.length ? `${failed.length} of its runs failed, and ${told} are told` : undefined;
  },
];

const ENDS: ReadonlySet<HistoryEntry['event']> = new Set(['gave_up', 'expired', 'canceled']);

/** How the history of a task in this state ends. */
const TOLD_ENDS: Partial<Readonly<Record<Task['state'], readonly string[]>>> = {
  succeeded: ['succeeded'],
  failed: ['failed', 'gave_up'],
  canceled: ['canceled'],
  expired: ['expired'],
};

/** The entries from the submit on, and from each retry on. */
function roundsOf(entries: readonly HistoryEntry[]): readonly (readonly HistoryEntry[])[] {
  const rounds: HistoryEntry[][] = [];
  for (const entry of entries) {
    const isFirst = entry.event === 'submitted' || entry.event === 'retried' || entry.event === 'redriven';
    if (isFirst) rounds.push([]);
    rounds.at(-1)?.push(entry);
  }
  return rounds;
}

/** Takes the run of an attempt from these. False if it is not among them. */
function takeRun(runs: Run[], { at, instance }: HistoryEntry, round: number, errorMs: number): boolean {
  const index = runs.findIndex(
    (run) => run.round === round && run.actor.name.startsWith(`${instance} `) && run.startedMs + EPOCH >= at - errorMs,
  );
  if (index < 0) return false;
  runs.splice(index, 1);
  return true;
}

/** What is wrong with a history. */
export function checkHistory(history: History, told: ToldHistory): string | undefined {
  for (const check of RULES) {
    const wrong = check(history, told);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
