import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskQueue } from '#core';
import type { Gate } from '#test/support/gate.ts';
import { type Silences, silence, until } from './silence.ts';

/** A queue over connections of its own. */
interface OpenQueue {
  readonly queue: TaskQueue;
  close(): Promise<void>;
}

interface BrokerOptions extends Silences {
  /** Between the queues and their broker. */
  readonly gate: Gate;
  readonly openQueue: () => OpenQueue;
  readonly queues: number;
  readonly connectionsPerQueue: number;
  readonly leaseSeconds: number;
}

interface BrokerReport {
  /** Messages whose send resolved. */
  readonly confirmed: number;
  readonly refused: number;
  /** Confirmed messages that never arrived: a confirmation of another message was taken for theirs. */
  readonly lost: number;
  /** Messages that arrived again after their acknowledgement had resolved. */
  readonly returned: number;
  readonly connections: number;
  readonly connectionsAfterClose: number;
}

const SENDERS_PER_QUEUE = 5;
const RECEIVE_AT_ONCE = 20;
const SETTLE_MS = 60_000;

/** Sends and receives through all queues without a pause while the network falls silent. */
export async function deliverThroughSilences(options: BrokerOptions): Promise<BrokerReport> {
  const { gate, leaseSeconds } = options;
  const opened = Array.from({ length: options.queues }, options.openQueue);
  const ledger = new Ledger();
  const sending = new AbortController();
  const receiving = new AbortController();
  const senders = opened.flatMap(({ queue }) =>
    Array.from({ length: SENDERS_PER_QUEUE }, () => sendOn(queue, ledger, sending.signal)),
  );
  const receivers = opened.map(({ queue }) => receiveOn(queue, ledger, leaseSeconds, receiving.signal));
  await silence(gate, options);
  await until(() => gate.connections === opened.length * options.connectionsPerQueue, SETTLE_MS);
  const { connections } = gate;
  sending.abort();
  await Promise.all(senders);
  await until(() => ledger.lost === 0, SETTLE_MS);
  receiving.abort();
  await Promise.all(receivers);
  await Promise.all(opened.map(({ close }) => close()));
  await until(() => gate.connections === 0, SETTLE_MS);
  const { confirmed, refused, lost, returned } = ledger;
  return { confirmed, refused, lost, returned, connections, connectionsAfterClose: gate.connections };
}

/** What was sent, and what became of it. */
class Ledger {
  refused = 0;
  returned = 0;
  #lastId = 0;
  readonly #confirmed = new Set<string>();
  readonly #arrived = new Set<string>();
  readonly #acknowledged = new Set<string>();

  get confirmed(): number {
    return this.#confirmed.size;
  }

  get lost(): number {
    return this.#confirmed.difference(this.#arrived).size;
  }

  newId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  noteConfirmed(id: string): void {
    this.#confirmed.add(id);
  }

  noteArrived(id: string): void {
    this.#arrived.add(id);
    if (this.#acknowledged.has(id)) this.returned += 1;
  }

  noteAcknowledged(id: string): void {
    this.#acknowledged.add(id);
  }
}

async function sendOn(queue: TaskQueue, ledger: Ledger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const id = ledger.newId();
    try {
      await queue.send({ body: Buffer.from(id), group: 'somebody' });
      ledger.noteConfirmed(id);
    } catch {
      ledger.refused += 1;
      await sleep(20);
    }
  }
}

async function receiveOn(queue: TaskQueue, ledger: Ledger, leaseSeconds: number, signal: AbortSignal): Promise<void> {
  const consumer = queue.consume({ leaseSeconds, signal });
  while (!signal.aborted) {
    const deliveries = await consumer.receive(RECEIVE_AT_ONCE).catch(() => sleep(20, []));
    await Promise.all(
      deliveries.map(async (delivery) => {
        const { lease } = delivery;
        const id = Buffer.from(delivery.body).toString();
        ledger.noteArrived(id);
        await delivery.ack().then(
          // Acknowledging does nothing once the lease is lost.
          () => lease.aborted || ledger.noteAcknowledged(id),
          () => undefined,
        );
      }),
    );
  }
  await consumer.close();
}
