import { PRIORITIES, type Priority, TASK_STATES, type TaskState } from '#core';
import { FAULT_KINDS, type FaultPlan } from '../engine/faults.ts';
import { mix, Random } from '../engine/random.ts';
import type { Version } from './mixed-contracts.ts';
import type { Behavior, SimRequest } from './requests.ts';

const PLATFORMS = ['memory', 'aws', 'rabbit'] as const;
type PlatformName = (typeof PLATFORMS)[number];

/** One caller, and the task or tasks that it wants done. Times are milliseconds since the start of the simulation. */
export interface ClientPlan {
  readonly name: string;
  readonly owner: string;
  readonly priority: Priority;
  readonly startMs: number;
  /** The same for all submits of this caller; undefined: none. */
  readonly key?: string;
  readonly request: SimRequest;
  /** Follows the events of its tasks instead of waiting for their ends, and has lost none. @default false */
  readonly follows?: boolean;
  /** Has the ends of its tasks sent to a receiver, which fails so many times for each task. */
  readonly hook?: HookPlan;
  /** Sends its request by an upload, at first with other bytes than it announced if this is set. */
  readonly upload?: { readonly isWrongFirst: boolean };
  /** Reads the list of its owner's tasks, or of all owners', in pages of this size, and the statistics. */
  readonly looks?: { readonly limit: number; readonly isOfAll: boolean; readonly state?: TaskState };
  /** Reads histories, deliveries and batches so often while they change, and once in the end. */
  readonly inspects?: { readonly times: number; readonly everyMs: number };
  /** Lists the dead letters of all so often, and redrives them: all or one, in so many calls at once. */
  readonly operates?: OperatorPlan;
  /** Waits in line so long for room in the backlog. Undefined: it is refused at once. */
  readonly waitSeconds?: number;
  /** Sent together with `request` and an invalid item, as a batch. Undefined: it is sent alone. */
  readonly batch?: readonly SimRequest[];
  /** Sent under the same key instead of `request` once a submit was refused with 503. */
  readonly otherRequest?: SimRequest;
  /** Number of identical submits, including the first, whatever the responses are. */
  readonly repeats: number;
  readonly repeatEveryMs: number;
  /** How often a refused submit is tried again. */
  readonly retries: number;
  readonly deadlineSeconds: number;
  readonly timeoutSeconds?: number;
  /** Cancels each of its tasks so long after it heard of it. Undefined: it cancels none. */
  readonly cancelAfterMs?: number;
  /** Has each of its tasks that failed or expired run again, so long after it heard of it. Undefined: it does not. */
  readonly again?: { readonly as: 'retry' | 'redrive'; readonly times: number; readonly afterMs: number };
}

/** All that a scenario may have. */
export const OWNERS = ['ann', 'bob', 'cai'] as const;

interface HookPlan {
  readonly failures: number;
  /** How often the last end of each task is sent again by hand. */
  readonly redeliveries: number;
  /** Replaces the secret so long after its first call, and gives it to the receiver later. Undefined: it keeps it. */
  readonly rotation?: { readonly afterMs: number; readonly installMs: number };
}

interface OperatorPlan {
  readonly times: number;
  readonly afterMs: number;
  /** Of a page. */
  readonly limit: number;
  readonly redrives: 'all' | 'one' | 'none';
  readonly atOnce: number;
}

/** All that a caller may submit. */
export const requestsOf = ({ request, otherRequest, batch = [] }: ClientPlan): readonly SimRequest[] => [
  request,
  ...(otherRequest ? [otherRequest] : []),
  ...batch,
];

/** Something that happens to the system from outside. */
export type Incident = { readonly atMs: number } & (
  | { readonly what: 'kill' | 'stop'; readonly instance: number }
  | { readonly what: 'freeze'; readonly instance: number; readonly forMs: number }
  | { readonly what: 'kill-gateway'; readonly gateway: number }
  | { readonly what: 'outage'; readonly of: 'queue' | 'store'; readonly forMs: number }
);

export interface Scenario {
  readonly seed: number;
  readonly platform: PlatformName;
  readonly model: {
    readonly slots: number;
    readonly batching?: { readonly maxSize: number; readonly maxWaitMs: number };
    readonly maxAttempts: number;
    readonly timeoutSeconds: number;
  };
  /** How many submitted tasks may wait. Undefined: any number. */
  readonly maxBacklog?: number;
  /** Instances and gateways count what ends. */
  readonly hasStats: boolean;
  readonly leaseSeconds: number;
  /** When each instance starts. */
  readonly instances: readonly number[];
  readonly gateways: number;
  /** Milliseconds by which clocks are ahead. Undefined: all are right. */
  readonly skews?: { readonly instances: readonly number[]; readonly gateways: readonly number[] };
  /** The contract of each instance. Undefined: all have the same. */
  readonly versions?: readonly Version[];
  readonly clients: readonly ClientPlan[];
  readonly incidents: readonly Incident[];
  readonly faults: FaultPlan;
}

/** No random faults occur after this time. */
const CALM_FROM_MS = 300_000;

const MAX_REPEATING_MS = 200_000;

const FLEET_STREAM = 0xf1ee7;
const CANCEL_STREAM = 0xca9ce1;
const AGAIN_STREAM = 0xa6a111;
const OWNER_STREAM = 0x0137e4;
const BATCH_STREAM = 0xba7c4;
const HOOK_STREAM = 0x400c5;
const FOLLOW_STREAM = 0xf0110;
const UPLOAD_STREAM = 0x0b10ad;
const LOOK_STREAM = 0x100c5;
const BACKLOG_STREAM = 0xbac10;
const STATS_STREAM = 0x57a75;
const INSPECT_STREAM = 0x1d5bec7;
const OPERATE_STREAM = 0x09e2a7e;
/** Seconds, minutes and hours. */
const SKEWS_MS = [5_000, -5_000, 300_000, -300_000, 7_200_000, -7_200_000] as const;

/**
 * The scenario of a seed. Which kinds of trouble it has is drawn first, so that some seeds have few and some have many.
 */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const isCalm = random.chance(0.25);
  const model = {
    slots: random.pick([1, 1, 2, 4, 8]),
    ...(random.chance(0.25) ? { batching: { maxSize: random.pick([2, 4, 8]), maxWaitMs: random.int(5, 200) } } : {}),
    maxAttempts: random.int(1, 4),
    timeoutSeconds: random.pick([5, 10, 60]),
  };
  const instances = Array.from({ length: random.pick([1, 1, 2, 3]) }, () =>
    random.chance(0.7) ? random.int(0, 500) : random.int(0, 240_000),
  );
  const gateways = random.int(1, 2);
  const fleet = fleetOf(new Random(mix(seed, FLEET_STREAM)), instances.length, gateways);
  const backlog = backlogOf(new Random(mix(seed, BACKLOG_STREAM)));
  return {
    seed,
    platform: random.pick(PLATFORMS),
    model,
    ...(backlog.max === undefined ? {} : { maxBacklog: backlog.max }),
    hasStats: new Random(mix(seed, STATS_STREAM)).chance(0.3),
    leaseSeconds: random.pick([5, 15, 30, 60]),
    instances,
    gateways,
    ...fleet,
    clients: clientsOf(random, model.timeoutSeconds)
      .map(fleet.versions ? withNewParts(seed) : (plan) => plan)
      .map(withCancels(new Random(mix(seed, CANCEL_STREAM))))
      .map(withRetries(new Random(mix(seed, AGAIN_STREAM))))
      .map(withOwners(new Random(mix(seed, OWNER_STREAM))))
      .map(withBatches(new Random(mix(seed, BATCH_STREAM))))
      .map(withFollowers(new Random(mix(seed, FOLLOW_STREAM))))
      .map(withHooks(new Random(mix(seed, HOOK_STREAM))))
      .map(withUploads(new Random(mix(seed, UPLOAD_STREAM))))
      .map(withLooks(new Random(mix(seed, LOOK_STREAM))))
      .map(withInspections(new Random(mix(seed, INSPECT_STREAM))))
      .map(withOperators(new Random(mix(seed, OPERATE_STREAM))))
      .map(backlog.withWaits),
    incidents: isCalm ? [] : incidentsOf(random, instances.length, gateways),
    faults: isCalm || random.chance(0.2) ? { kinds: [], rate: 0, untilMs: 0, budget: 0 } : faultsOf(random),
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function fleetOf(random: Random, instances: number, gateways: number): Pick<Scenario, 'skews' | 'versions'> {
  const skews = (count: number) => Array.from({ length: count }, () => random.pick([0, 0, ...SKEWS_MS]));
  const isSkewed = random.chance(0.3);
  const isMixed = instances > 1 && random.chance(0.5);
  const newest = random.int(0, instances - 1);
  return {
    ...(isSkewed ? { skews: { instances: skews(instances), gateways: skews(gateways) } } : {}),
    ...(isMixed ? { versions: Array.from({ length: instances }, (_, i) => (i === newest ? 2 : 1)) } : {}),
  };
}

/** Some requests use fields that only the newer contract has. */
const withNewParts =
  (seed: number) =>
  (plan: ClientPlan): ClientPlan =>
    mix(seed, plan.request.number) % 2 === 0 ? plan : { ...plan, request: { ...plan.request, uses: 2 } };

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withCancels(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesCancel = random.chance(0.2);
  return (plan) => {
    const cancelAfterMs = random.int(0, random.pick([1, 50, 400, 3_000, 40_000]));
    return doesCancel && random.chance(0.5) ? { ...plan, cancelAfterMs } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withRetries(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesRetry = random.chance(0.3);
  return (plan) => {
    const afterMs = random.int(0, random.pick([1, 400, 3_000, 90_000]));
    const again = { as: random.pick(['retry', 'redrive'] as const), times: random.int(1, 3), afterMs };
    return doesRetry && random.chance(0.7) ? { ...plan, again } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withOwners(random: Random): (plan: ClientPlan) => ClientPlan {
  const [ann, bob] = OWNERS;
  const owners = random.pick<readonly [string, ...string[]]>([[ann], [ann, bob], OWNERS]);
  const priorities = random.chance(0.4) ? PRIORITIES : (['normal'] as const);
  return (plan) => ({ ...plan, owner: random.pick(owners), priority: random.pick(priorities) });
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withBatches(random: Random): (plan: ClientPlan, at: number) => ClientPlan {
  const doesBatch = random.chance(0.25);
  return (plan, at) => {
    const items = Array.from({ length: random.int(0, 4) }, (_, item): SimRequest => {
      return { number: FIRST_OF_BATCHES + MAX_ITEMS * at + item, does: 'answer', ms: random.int(1, 400) };
    });
    return doesBatch && random.chance(0.5) ? { ...plan, batch: items } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withFollowers(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesFollow = random.chance(0.2);
  return (plan) => {
    const tells = random.int(0, 4);
    return doesFollow && random.chance(0.6) ? { ...plan, follows: true, request: { ...plan.request, tells } } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withHooks(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesHook = random.chance(0.15);
  return (plan) => {
    const failures = random.pick([0, 0, 1, 2]);
    const doesRotate = random.chance(0.4);
    const rotation = { afterMs: random.int(0, random.pick([1, 400, 20_000])), installMs: random.int(0, 60_000) };
    const hook = { failures, redeliveries: random.pick([0, 0, 1, 2]), ...(doesRotate ? { rotation } : {}) };
    return doesHook && random.chance(0.6) ? { ...plan, hook } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withUploads(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesUpload = random.chance(0.15);
  return (plan) => {
    const isWrongFirst = random.chance(0.4);
    // The key of the upload is the one of the task.
    const canUpload = plan.key !== undefined && !plan.batch;
    return doesUpload && canUpload && random.chance(0.5) ? { ...plan, upload: { isWrongFirst } } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withLooks(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesLook = random.chance(0.2);
  return (plan) => {
    const state = random.chance(0.3) ? { state: random.pick(TASK_STATES as readonly [TaskState, ...TaskState[]]) } : {};
    const looks = { limit: random.int(1, 5), isOfAll: random.chance(0.3), ...state };
    return doesLook && random.chance(0.6) ? { ...plan, looks } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withInspections(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesInspect = random.chance(0.2);
  return (plan) => {
    const inspects = { times: random.int(0, 3), everyMs: random.int(1, random.pick([50, 1_000, 20_000])) };
    return doesInspect && random.chance(0.6) ? { ...plan, inspects } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function withOperators(random: Random): (plan: ClientPlan) => ClientPlan {
  const doesOperate = random.chance(0.2);
  return (plan) => {
    const operates = {
      ...{ times: random.int(1, 2), afterMs: random.int(0, random.pick([1, 3_000, 60_000])), limit: random.int(1, 4) },
      ...{ redrives: random.pick(['all', 'all', 'one', 'none'] as const), atOnce: random.pick([1, 2, 3]) },
    };
    return doesOperate && random.chance(0.4) ? { ...plan, operates } : plan;
  };
}

/** A separate random stream, so that the rest of a seed does not depend on it. */
function backlogOf(random: Random) {
  const max = random.chance(0.15) ? random.int(1, 6) : undefined;
  const withWaits = (plan: ClientPlan): ClientPlan => {
    const waitSeconds = random.int(1, 20);
    return max !== undefined && random.chance(0.3) ? { ...plan, waitSeconds } : plan;
  };
  return { max, withWaits };
}

/** Numbers of requests that only batches have. */
const FIRST_OF_BATCHES = 1000;
const MAX_ITEMS = 10;

function faultsOf(random: Random): FaultPlan {
  const kinds = FAULT_KINDS.filter(() => random.chance(0.4));
  return { kinds, rate: random.pick([0.01, 0.03, 0.1, 0.25]), untilMs: CALM_FROM_MS, budget: random.int(1, 12) };
}

function incidentsOf(random: Random, instances: number, gateways: number): Incident[] {
  const kinds = (['kill', 'stop', 'freeze', 'kill-gateway', 'outage'] as const).filter(() => random.chance(0.25));
  return kinds.flatMap((what) =>
    Array.from({ length: random.int(1, 2) }, (): Incident => {
      const atMs = random.chance(0.5) ? random.int(1, 3_000) : random.int(0, CALM_FROM_MS);
      const instance = random.int(0, instances - 1);
      const forMs = random.pick([500, 5_000, 20_000, 70_000, 200_000]);
      switch (what) {
        case 'kill':
        case 'stop':
          return { what, atMs, instance };
        case 'freeze':
          return { what, atMs, instance, forMs };
        case 'kill-gateway':
          return { what, atMs, gateway: random.int(0, gateways - 1) };
        default:
          return { what, atMs, of: random.pick(['queue', 'store']), forMs };
      }
    }),
  );
}

function clientsOf(random: Random, timeoutSeconds: number): ClientPlan[] {
  const count = random.pick([1, 2, 3, 4, 6, 8]);
  const oddities = (['fail', 'flaky', 'refuse', 'crash', 'overrun', 'ignore', 'block'] as const).filter(() =>
    random.chance(0.2),
  );
  const hasRepeats = random.chance(0.35);
  const usesKeysAgain = random.chance(0.25);
  let numbers = 0;
  const request = (does: Behavior): SimRequest => {
    numbers += 1;
    return {
      number: numbers,
      does,
      ms: does === 'overrun' ? timeoutSeconds * 1000 + random.int(0, 100_000) : randomMs(random, timeoutSeconds),
      ...(does === 'flaky' ? { failures: random.int(1, 4) } : {}),
      ...(random.chance(0.01) ? { answerBytes: 140_000 } : {}),
    };
  };
  return Array.from({ length: count }, (_, i): ClientPlan => {
    const does = random.chance(0.35) ? random.pick<Behavior>(['answer', ...oddities]) : 'answer';
    const repeats = hasRepeats && random.chance(0.6) ? random.pick([2, 3, 10, 50]) : 1;
    const repeatEveryMs = random.pick([0, 3, 50, 1_000, 10_000, 65_000]);
    const hasKey = repeats > 1 || random.chance(0.6);
    return {
      name: `client-${i + 1}`,
      ...{ owner: 'ann', priority: 'normal' },
      startMs: random.chance(0.7) ? random.int(0, 50) : random.int(0, 200_000),
      // Two callers may use one key for the same request: somebody who sent it twice.
      ...(hasKey ? { key: `key-${i + 1}` } : {}),
      request: request(does),
      ...(hasKey && usesKeysAgain && random.chance(0.6) ? { otherRequest: request('answer') } : {}),
      repeats: Math.min(repeats, 1 + Math.floor(MAX_REPEATING_MS / Math.max(1, repeatEveryMs))),
      repeatEveryMs,
      retries: random.int(0, 4),
      deadlineSeconds: random.chance(0.15) ? random.int(2, 200) : 3_600,
      ...(random.chance(0.2) ? { timeoutSeconds: random.int(1, timeoutSeconds) } : {}),
    };
  });
}

const randomMs = (random: Random, timeoutSeconds: number): number => {
  const ms = random.pick([1, 50, 250, 400, 3_000, 40_000]);
  return Math.min(random.int(1, ms), timeoutSeconds * 1000 - 500);
};
