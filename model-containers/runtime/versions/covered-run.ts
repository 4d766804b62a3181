import type { Clock } from '#core';
import type { AbortCause, RunRequest } from '../backends/model-backend.ts';
import type { LiveRun, Outcome } from '../worker/model-life.ts';
import type { Lane } from './lane.ts';

export interface Cover {
  /** Answers the requests that the first version does not answer. Undefined: nothing covers it. */
  readonly backup: Lane | undefined;
  /** Time after which the backup is asked too. Undefined: never. */
  readonly hedgeMs: number | undefined;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Called for each request that the version has answered, failed or left unanswered. */
  readonly onEnd: (hasAnswered: boolean) => void;
}

/**
 * Runs requests on a version, and again on its backup if it fails or is late: a faulty version costs its callers time
 * and no answer. A request that both fail is the request's fault and is not counted.
 */
export function coveredRun(lane: Lane, requests: readonly RunRequest[], cover: Cover): LiveRun {
  const { counter } = lane;
  const live = lane.model.run(requests);
  const startedAt = performance.now();
  const aborted = new Map<number, AbortCause>();
  const backups = new Map<number, LiveRun>();
  const counted = new Set<number>();

  function count(at: number, hasAnswered: boolean): void {
    if (counted.has(at)) return;
    counted.add(at);
    if (hasAnswered) counter.answered(performance.now() - startedAt);
    else counter.failed();
    cover.onEnd(hasAnswered);
  }

  function askBackup(at: number, { model }: Lane): Promise<Outcome> {
    const run = model.run([requests[at] as RunRequest]);
    backups.set(at, run);
    return run.outcomes[0] as Promise<Outcome>;
  }

  async function covered(at: number, own: Promise<Outcome>): Promise<Outcome> {
    const { backup } = cover;
    const first = backup ? await orLate(own, cover) : await own;
    if (first !== LATE && 'response' in first) {
      count(at, true);
      return first;
    }
    if (aborted.has(at)) return first === LATE ? own : first;
    if (!backup) {
      // Without another version's answer, an invalid request cannot be told from a version that refuses it.
      if (first !== LATE && !('failure' in first && !first.failure.retryable)) count(at, false);
      return first === LATE ? own : first;
    }
    const second = askBackup(at, backup);
    const answer = first === LATE ? await Promise.race([own.then(orNever(second)), second]) : await second;
    if (!('response' in answer)) return first === LATE ? answer : first;
    count(at, false);
    return answer;
  }

  return {
    outcomes: live.outcomes.map((own, at) => covered(at, own)),
    abort(at, cause) {
      aborted.set(at, cause);
      if (cause === 'timeout') count(at, false);
      live.abort(at, cause);
      backups.get(at)?.abort(0, cause);
    },
    wasAlone: () => live.wasAlone(),
    wasStalled: () => live.wasStalled() || [...backups.values()].some((run) => run.wasStalled()),
  };
}

const LATE: unique symbol = Symbol('late');

/** The outcome, or `LATE` if it takes too long. */
async function orLate(own: Promise<Outcome>, { hedgeMs, clock }: Cover): Promise<Outcome | typeof LATE> {
  if (hedgeMs === undefined) return own;
  const decided = new AbortController();
  const late = clock.sleep(hedgeMs, decided.signal).then((): typeof LATE => LATE);
  return Promise.race([own, late]).finally(() => decided.abort('decided'));
}

/** A late answer is as good as the backup's; a late failure waits for the backup. */
const orNever = (second: Promise<Outcome>) => (outcome: Outcome) => ('response' in outcome ? outcome : second);
