import { type EventPosition, isTerminal, type Task, type TaskFollowEvent } from '#core';
import { decodeResponse } from '../world/requests.ts';
import { type History, roundKey, shownEnd } from './history.ts';

/** The rule, which is the same for every way of breaking it, and the violation. */
export interface Violation {
  readonly rule: string;
  readonly what: string;
}

type RowRule = (history: History, task: Task) => string | undefined;

/**
 * What holds for every row at every time, as the store has it and as callers are told. Each answers with what is wrong.
 */
const ROW_RULES: Readonly<Record<string, RowRule>> = {
  'a row keeps its request': (history, { id, requestHash }) => {
    const accepted = history.accepted.get(id)?.request.number;
    const shown = history.planOf({ requestHash })?.request.number;
    return accepted === undefined || accepted === shown
      ? undefined
      : `${id} was accepted for request ${accepted}, and is of request ${shown}`;
  },

  'attempts are bounded': ({ scenario }, { id, attempts }) =>
    attempts > scenario.model.maxAttempts
      ? `${id} shows ${attempts} of ${scenario.model.maxAttempts} attempts`
      : undefined,

  'attempts are runs': (history, task) => {
    const { id, state, attempts, error } = task;
    const runs = history.runsOfRound(task).length;
    // A run is recorded when it is handed to the model process. That one may die before the run, or be blocked by
    // another one until the deadline.
    const mayBeUnbegun = !isTerminal(state) || state === 'expired' || state === 'canceled';
    const unbegun = (mayBeUnbegun ? 1 : 0) + history.trouble();
    if (attempts > runs + unbegun) return `${id} is ${state} and shows ${attempts} attempts; it ran ${runs} times`;
    const told = /after (\d+) attempt/.exec(error?.message ?? '')?.[1];
    if (told === undefined || Number(told) === attempts) return undefined;
    return `${id} says "${error?.message}", and shows ${attempts} attempts`;
  },

  'a task is canceled because somebody asked': (history, { id, state }) =>
    state === 'canceled' && !history.cancelsAsked.has(id) ? `${id} is canceled, and nobody asked` : undefined,

  'a task runs again because somebody asked': (history, { id, round = 0 }) =>
    round > history.timesAskedAgain(id)
      ? `${id} is in round ${round}, and ${history.timesAskedAgain(id)} were asked for`
      : undefined,

  'an end is for good': (history, task) => {
    const before = history.ends.get(roundKey(task))?.shown;
    const shown = shownEnd(task);
    return before === undefined || before === shown ? undefined : `${task.id} was ${before}; then it was ${shown}`;
  },

  'a result is of a run that read the request': (history, task) => {
    const payload = task.result?.payload;
    if (payload?.kind !== 'inline') return undefined;
    const { to, run } = decodeResponse(payload.bytes);
    const request = history.planOf(task)?.request.number;
    const read = history.runsOf(task.id).find(({ number }) => number === run)?.request.number;
    if (to === request && read === request) return undefined;
    return `${task.id} is of request ${request}; its result answers request ${to}, by a run that read ${read}`;
  },

  'a task fails for its own runs': (history, task) => {
    const { id, state, error, attempts } = task;
    if (state !== 'failed' || error === undefined) return undefined;
    const spent = history.runsOfRound(task).filter((run) => !history.diedOfAnother(run));
    if (spent.length + history.trouble() >= attempts) return undefined;
    return `${id} failed with ${attempts} attempts ("${error.message}"); ${spent.length} of its runs did not end with another's crash`;
  },

  'a task is given up after all its attempts': ({ scenario }, { id, state, error, attempts }) => {
    const isGivenUp = state === 'failed' && (error?.code === 'attempts_exhausted' || error?.code === 'timeout');
    if (!isGivenUp || attempts === scenario.model.maxAttempts) return undefined;
    return `${id} was given up with ${attempts} of ${scenario.model.maxAttempts} attempts`;
  },
};

/** Times in rows must not depend on the clocks of single machines, which are minutes or hours off in a simulation. */
const TIME_RULES: Readonly<Record<string, TimeRule>> = {
  'times are those of the store': (now, tolerance, { id, createdAt, startedAt = createdAt, endedAt = startedAt }) => {
    const late = [createdAt, startedAt, endedAt].find((at) => at > now + tolerance);
    if (late !== undefined) return `${id} has a time that is ${late - now} ms ahead`;
    const isBack = startedAt < createdAt - tolerance || endedAt < startedAt - tolerance;
    return isBack ? `${id} was created at ${createdAt}, started at ${startedAt} and ended at ${endedAt}` : undefined;
  },

  'a task expires at its deadline': (now, tolerance, { id, state, deadlineAt }) =>
    state === 'expired' && now < deadlineAt - tolerance
      ? `${id} expired ${deadlineAt - now} ms before its deadline`
      : undefined,
};

type TimeRule = (now: number, tolerance: number, task: Task) => string | undefined;

/** Maximum error of a reading of the store's clock, after a normal and after a slow or late response. */
const TOLERANCE_MS = { calm: 1_500, troubled: 110_000 } as const;

export const clockErrorOf = (history: History): number =>
  history.trouble() === 0 ? TOLERANCE_MS.calm : TOLERANCE_MS.troubled;

function checkTimes(history: History, task: Task, now: number): Violation | undefined {
  const tolerance = clockErrorOf(history);
  for (const [rule, check] of Object.entries(TIME_RULES)) {
    const what = check(now, tolerance, task);
    if (what !== undefined) return { rule, what };
  }
  return undefined;
}

/** The first rule that a row breaks. Remembers the end of a task when it is first seen. */
export function checkRow(history: History, task: Task, nowMs: number, unixMs: number): Violation | undefined {
  const mistimed = checkTimes(history, task, unixMs);
  if (mistimed) return mistimed;
  for (const [rule, check] of Object.entries(ROW_RULES)) {
    const what = check(history, task);
    if (what !== undefined) return { rule, what };
  }
  const key = roundKey(task);
  if (isTerminal(task.state) && !history.ends.has(key)) {
    history.ends.set(key, { shown: shownEnd(task), atMs: nowMs });
  }
  return undefined;
}

/** Whether a changed row has less progress than before. Rows of the same round only. */
export const hasLostProgress = (before: Task | undefined, task: Task): boolean =>
  (before?.round ?? 0) === (task.round ?? 0) && (before?.progress?.count ?? 0) > (task.progress?.count ?? 0);

/** Whether an event is the next one for who has seen the events up to a position. */
export function isNextEvent(seen: EventPosition, { type, position }: TaskFollowEvent): boolean {
  const isNewRound = position.round > seen.round;
  const told = position.told - (isNewRound ? 0 : seen.told);
  const isNext =
    (type === 'history' && position.history === seen.history + 1) ||
    (type === 'told' && told === 1) ||
    (type === 'state' && position.history >= seen.history && (isNewRound || position.state > seen.state));
  return isNext && position.round >= seen.round;
}
