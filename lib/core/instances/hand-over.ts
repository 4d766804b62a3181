/** Deliveries in a row without a pause, so that one message does not occupy a large fleet. */
const MAX_BURST = 32;
const MAX_PAUSE_SECONDS = 10;

interface HandOver {
  /** How often the message was delivered, this time included. */
  readonly deliveries: number;
  /** Instances that receive from the queue. */
  readonly receivers: number;
  /** Those of them that can read the request. */
  readonly readers: number;
}

/**
 * Seconds after which a message that the receiver cannot read should be delivered again. A queue picks receivers
 * without knowing contracts: in a burst of `receivers / readers` immediate deliveries it picks a reader with a
 * probability of about 63 %. When it did not, the readers are probably busy, and the pause before the next burst
 * grows from one second to ten.
 */
export function handOverSeconds({ deliveries, receivers, readers }: HandOver): number {
  const burst = readers === 0 ? 1 : Math.min(MAX_BURST, Math.max(1, Math.ceil(receivers / readers)));
  const round = Math.floor(deliveries / burst);
  return deliveries % burst === 0 ? Math.min(MAX_PAUSE_SECONDS, 2 ** Math.min(round - 1, 10)) : 0;
}
