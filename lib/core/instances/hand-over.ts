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
export function handOverSeconds({ deliveries, receivers, readers, hasRoom }: HandOver): number {
  const burst = readers === 0 ? 1 : Math.min(MAX_BURST, Math.max(1, Math.ceil(receivers / readers)));
  if (deliveries % burst !== 0) return 0;
  const round = Math.min(deliveries / burst, 10);
  return hasRoom ? 1 : Math.min(MAX_PAUSE_SECONDS, 2 ** (round - 1));
}
