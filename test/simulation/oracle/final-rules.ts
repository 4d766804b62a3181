import { isTerminal, type Task } from '#core';
import { EPOCH } from '../engine/engine.ts';
import { hashOf } from '../world/requests.ts';
import { requestsOf } from '../world/scenario.ts';
import type { AcceptedTask, History, RunEnd } from './history.ts';
import type { Violation } from './row-rules.ts';

interface Ended {
  readonly id: string;
  readonly accepted: AcceptedTask;
  readonly row: Task | undefined;
}

type FinalRule = (history: History, ended: Ended) => string | undefined;

/** Enough time to run any task of a scenario, whatever happened. */
const LONG_MS = 1_800_000;

/** Time from the start of an instance until it is ready. */
const SET_UP_MS = 2_000;
/** Time until a task reaches an instance that can read it, in a small fleet. */
const MAX_HAND_OVER_MS = 30_000;

/** How often a run is repeated beside others before it runs alone. */
const MAX_IN_COMPANY = 3;

const hadTime = ({ deadlineAt, acceptedAt }: AcceptedTask): boolean => deadlineAt - acceptedAt > LONG_MS;

/** What holds for every task that was accepted, once nothing is left to be done. Each answers with what is wrong. */
const FINAL_RULES: Readonly<Record<string, FinalRule>> = {
  'an accepted task ends': (_history, { id, row }) =>
    row && isTerminal(row.state) ? undefined : `${id} was accepted, and is ${row?.state ?? 'gone'} in the end`,

  'an accepted task is run': ({ acceptedRounds }, { id, accepted, row }) => {
    if (row?.state !== 'expired' || !hadTime(accepted)) return undefined;
    // A retry that was only answered 503, and not repeated when `Retry-After` was over, may expire.
    if ((row.round ?? 0) > (acceptedRounds.get(id) ?? 0)) return undefined;
    return `${id} expired, though there was time enough to run it`;
  },

  'a task is run a bounded number of times': (history, { id, accepted, row }) => {
    const isOneRun = accepted.request.does === 'answer' && isQuick(history, accepted);
    const own = isOneRun ? 1 : history.scenario.model.maxAttempts;
    // Runs that are not charged, because another request blocks their process or keeps a batch waiting.
    const inCompany = history.scenario.clients.some(({ request }) => isSlow(request.does)) ? MAX_IN_COMPANY : 0;
    // A copy that a repeated submit sent may run once more. Each trouble and each death may cost one run.
    const rounds = 1 + (row?.round ?? 0);
    const bound = (own + 1 + inCompany) * rounds + history.trouble() + history.deaths + lostLeases(history);
    const runs = history.runsOf(id).length;
    return runs > bound
      ? `${id} (${accepted.request.does}) ran ${runs} times; at most ${bound} are explained`
      : undefined;
  },

  'a good request succeeds unless something goes wrong from outside': (history, { id, accepted, row }) => {
    if (history.trouble() > 0 || history.cancelsAsked.has(id)) return undefined;
    if (!hadTime(accepted) || !isGood(history, accepted)) return undefined;
    return row?.state === 'succeeded' ? undefined : `${id} is ${row?.state}: ${row?.error?.message}`;
  },

  'nobody waits while somebody could read': (history, { id, accepted, row }) => {
    if (row?.round) return undefined;
    const { versions, instances, clients } = history.scenario;
    const requests = clients.flatMap(requestsOf);
    const isOdd = requests.some(({ does }) => does !== 'answer');
    if (!versions || history.trouble() > 0 || isOdd || row?.startedAt === undefined) return undefined;
    const { uses = 1 } = accepted.request;
    const readyMs = Math.min(...instances.filter((_, i) => (versions[i] ?? 1) >= uses));
    const waitedMs = row.startedAt - Math.max(accepted.acceptedAt, EPOCH + readyMs + SET_UP_MS);
    // All others may run before it, those that were sent twice too.
    const othersMs = 2 * requests.reduce((sum, { ms }) => sum + ms, 0);
    return waitedMs > MAX_HAND_OVER_MS + othersMs ? `${id} waited ${waitedMs} ms` : undefined;
  },

  'a retried task is run': (history, { id, row }) => {
    const { versions, skews, instances, clients } = history.scenario;
    const requests = clients.flatMap(requestsOf);
    const isOdd = requests.some(({ does }) => does !== 'answer');
    if (!row?.round || row.state !== 'expired' || versions || skews || isOdd || history.trouble() > 0) return undefined;
    const askedAt = row.history?.findLast(({ event }) => event === 'retried')?.at ?? row.deadlineAt;
    const leftMs = row.deadlineAt - Math.max(askedAt, EPOCH + Math.min(...instances) + SET_UP_MS);
    // All others may run before it, and be retried too.
    const othersMs = 4 * requests.reduce((sum, { ms }) => sum + ms, 0);
    return leftMs > MAX_HAND_OVER_MS + othersMs ? `${id} expired ${leftMs} ms after its retry` : undefined;
  },

  'who is redriven twice at once runs once': (history, { id, accepted, row }) => {
    if (!row?.round || history.trouble() > 0 || history.cancelsAsked.has(id)) return undefined;
    // A run that is over its time may answer nevertheless, and is repeated.
    if (isSlow(accepted.request.does) || !isQuick(history, accepted)) return undefined;
    // A message that is sent again may be run once more.
    const { copies = 0 } = row;
    const ended = (...ends: readonly RunEnd[]) =>
      history.runsOfRound(row).filter(({ end }) => end !== undefined && ends.includes(end)).length;
    const { maxAttempts } = history.scenario.model;
    // These are charged, whatever runs beside them.
    const charged = ended('failed', 'aborted');
    if (ended('answered') <= 1 + copies && charged <= maxAttempts + copies) return undefined;
    return `round ${row.round} of ${id} (${accepted.request.does}) was answered ${ended('answered')} times, and failed ${charged} times`;
  },

  'attempts shown are the runs where nothing goes wrong': (history, { id, row }) => {
    const isOdd = history.scenario.clients.some(({ request, repeats }) => request.does !== 'answer' || repeats > 1);
    if (history.trouble() > 0 || isOdd || row?.state !== 'succeeded') return undefined;
    const runs = history.runsOfRound(row).length;
    return row.attempts === runs ? undefined : `${id} shows ${row.attempts} attempts, and ran ${runs} times`;
  },
};

/** Whether the model answers a request within a few runs, and in the time that its caller allows. */
function isGood(history: History, accepted: AcceptedTask): boolean {
  const { does, failures = 0 } = accepted.request;
  const answers = does === 'answer' || (does === 'flaky' && failures < history.scenario.model.maxAttempts);
  return answers && isQuick(history, accepted);
}

/** Whether a run of it ends in the time that its caller allows. */
function isQuick(history: History, { request }: AcceptedTask): boolean {
  const { clients, model } = history.scenario;
  const plan = history.planOf({ requestHash: hashOf(request) })?.plan;
  // Items of a batch end together: a slow one delays the others.
  const isShared = clients.some((client) => client.timeoutSeconds !== undefined || isSlow(client.request.does));
  if (model.batching !== undefined && isShared) return false;
  return plan?.timeoutSeconds === undefined || request.ms < plan.timeoutSeconds * 1000 - 500;
}

const isSlow = (does: string): boolean => does === 'overrun' || does === 'ignore' || does === 'block';

/** The first rule that the end of a simulation breaks. */
export function checkEnd(history: History): Violation | undefined {
  for (const [id, accepted] of history.accepted) {
    const ended = { id, accepted, row: history.rows.get(id) };
    for (const [rule, check] of Object.entries(FINAL_RULES)) {
      const what = check(history, ended);
      if (what !== undefined) return { rule, what };
    }
  }
  return undefined;
}

/** Leases that cannot be renewed while the queue is away. A receive that waits there may get their messages again. */
const lostLeases = ({ scenario: { incidents, leaseSeconds } }: History): number =>
  incidents
    .map((incident) => (incident.what === 'outage' && incident.of === 'queue' ? incident.forMs : 0))
    .reduce((sum, forMs) => sum + Math.ceil(forMs / (1000 * leaseSeconds)), 0);
