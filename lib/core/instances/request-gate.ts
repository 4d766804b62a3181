import { type Contract, type RequestReading, requestReading, UnreadableMessageError } from '#contract';
import type { Clock } from '../clock.ts';
import { dropOldest } from '../drop-oldest.ts';
import { memoize } from '../memoize.ts';
import { cachedSnapshots } from '../models/cached-snapshots.ts';
import { type ContractStore, cachedContracts, type ModelRegistry } from '../models/model-registry.ts';
import type { RejectReason } from '../tasks/task-queue.ts';
import { type Instance, isLive } from './instance.ts';

/** A request that was received from the queue and not decoded yet. */
export interface ReceivedRequest {
  readonly taskId: string;
  /** The contract that the request was encoded with, from its envelope. */
  readonly contractHash: string;
  /** How often its message was delivered, this time included. */
  readonly deliveries: number;
  /** Loads the encoded request; called only when the contracts differ in something that it may contain. */
  readonly load: () => Promise<Uint8Array>;
}

export type RequestVerdict =
  | { readonly verdict: 'run' }
  /** This instance would lose something of the request: another one reads it, or may do so soon. */
  | { readonly verdict: 'release'; readonly delaySeconds: number }
  /** No live instance has been able to read it for `UNSERVED_PATIENCE_MS`. */
  | { readonly verdict: 'reject'; readonly reason: RejectReason };

/**
 * Decides whether this instance may run a request. Rejects with `registry_unavailable`, and with whatever `load`
 * rejects with.
 */
export type RequestGate = (request: ReceivedRequest) => Promise<RequestVerdict>;

interface GateDeps {
  readonly model: string;
  /** The contract of this instance. */
  readonly contract: Contract;
  readonly contracts: ContractStore;
  readonly registry: ModelRegistry;
  readonly clock: Clock;
}

/** A request that no live instance can read is given up after this long; longer than an instance takes to start. */
export const UNSERVED_PATIENCE_MS = 15 * 60_000;
/** How old the list of live instances may be that decides about an unreadable request. */
const PEERS_STALENESS_MS = 2000;
/** Pairs of contracts whose differences are kept. */
const MAX_READINGS = 200;
/** Unreadable tasks whose first sight is kept; beyond that the oldest starts again. */
const MAX_UNSERVED = 10_000;

/** The rule of compatibility, `docs/3-contracts.md`, as one instance applies it. */
export function createRequestGate({ model, contract: own, registry, clock, ...stores }: GateDeps): RequestGate {
  const contracts = cachedContracts(stores.contracts);
  const snapshots = cachedSnapshots({ registry, clock });
  const readings = memoize(readPair, { maxEntries: MAX_READINGS });
  const unserved = new Map<string, number>();

  async function readPair(pair: string): Promise<RequestReading | undefined> {
    const [writer, reader] = await Promise.all(pair.split(' ').map(contractOf));
    if (!writer || !reader) return undefined;
    try {
      return requestReading(writer, reader);
    } catch (error) {
      if (error instanceof UnreadableMessageError) return undefined;
      throw error;
    }
  }

  const contractOf = async (hash = '') => (hash === own.hash ? own : contracts.get(hash));

  async function canRead(reader: string, { contractHash, load }: ReceivedRequest): Promise<boolean> {
    if (reader === contractHash) return true;
    const reading = await readings(`${contractHash} ${reader}`);
    return reading !== undefined && (reading.scope === 'some' ? reading.reads(await load()) : reading.scope === 'all');
  }

  return async function judge(request) {
    if (await canRead(own.hash, request)) return { verdict: 'run' };
    const snapshot = await snapshots.read(PEERS_STALENESS_MS);
    const now = snapshot.asOf();
    const peers = snapshot.instancesOf(model).filter((peer) => isLive(peer, now) && peer.state !== 'draining');
    const readers = new Set<string>();
    for (const hash of new Set(peers.map(({ contractHash }) => contractHash))) {
      if (await canRead(hash, request)) readers.add(hash);
    }
    const capable = peers.filter(({ contractHash }) => readers.has(contractHash));
    if (capable.length > 0) unserved.delete(request.taskId);
    else if (waitedInVain(request.taskId)) return { verdict: 'reject', reason: unservedReason(request) };
    const receiving = capable.filter(isReady);
    const delaySeconds = handOverSeconds({
      deliveries: request.deliveries,
      receivers: peers.filter(isReady).length,
      readers: receiving.length,
      hasRoom: receiving.some(({ condition, inFlight, slots }) => condition === undefined && inFlight < slots),
    });
    return { verdict: 'release', delaySeconds };
  };

  /** Whether this instance first saw the task at least `UNSERVED_PATIENCE_MS` ago, when no instance could read it. */
  function waitedInVain(taskId: string): boolean {
    const now = clock.now();
    const since = unserved.get(taskId);
    if (since !== undefined && now - since >= UNSERVED_PATIENCE_MS) return unserved.delete(taskId);
    if (since === undefined) unserved.set(taskId, now);
    dropOldest(unserved, MAX_UNSERVED);
    return false;
  }
}

const isReady = ({ state }: Instance): boolean => state === 'ready';

const unservedReason = ({ contractHash }: ReceivedRequest): RejectReason => ({
  code: 'contract_unserved',
  message:
    `For ${UNSERVED_PATIENCE_MS / 60_000} minutes no live instance could read the request: it uses parts of ` +
    `contract ${contractHash.slice(0, 12)} that their contracts do not define.`,
});

/** Maximum number of deliveries in a row without a pause. */
const MAX_BURST = 32;
const MAX_PAUSE_SECONDS = 10;

interface HandOver {
  /** How often the message was delivered, this time included. */
  readonly deliveries: number;
  /** Ready instances, which receive from the queue. */
  readonly receivers: number;
  /** Those of them that can read the request. */
  readonly readers: number;
  /** Whether one of the readers had a free slot at its last heartbeat. */
  readonly hasRoom: boolean;
}

/**
 * Seconds after which a message should be delivered again that its receiver cannot read. Queues choose receivers
 * without knowing contracts: a burst of `receivers / readers` immediate deliveries reaches a reader with a probability
 * of about 63 %. Between bursts there is one second while a reader has a free slot; while all are busy, or there are
 * none, the pause grows to ten seconds.
 */
function handOverSeconds({ deliveries, receivers, readers, hasRoom }: HandOver): number {
  const burst = readers === 0 ? 1 : Math.min(MAX_BURST, Math.max(1, Math.ceil(receivers / readers)));
  if (deliveries % burst !== 0) return 0;
  const round = Math.min(deliveries / burst, 10);
  return hasRoom ? 1 : Math.min(MAX_PAUSE_SECONDS, 2 ** (round - 1));
}
