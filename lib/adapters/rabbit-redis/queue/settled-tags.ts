/** One acknowledgement as AMQP knows it. */
export interface Acknowledgement {
  readonly deliveryTag: number;
  /** Stands for everything that came before it as well. */
  readonly multiple: boolean;
}

/**
 * Says what was settled on one channel in as few acknowledgements as possible. One that stands for several is sent
 * only when every delivery up to it was seen and settled: a message that the broker has handed out and nobody has seen
 * must never be among them.
 */
export class SettledTags {
  /** Every tag up to this one is settled; the first of a channel is 1. */
  #upTo = 0;
  readonly #beyond = new Set<number>();

  /** Tags that are settled now, each told once. */
  add(tags: readonly number[]): readonly Acknowledgement[] {
    for (const tag of tags) this.#beyond.add(tag);
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
    const covered = tags.filter((tag) => tag <= this.#upTo);
    const apart = tags.filter((tag) => tag > this.#upTo);
    const acks = apart.map((deliveryTag) => ({ deliveryTag, multiple: false }));
    // The broker knows only tags that are still open, so the last of these has to stand for all of them.
    if (covered.length > 0) acks.unshift({ deliveryTag: Math.max(...covered), multiple: covered.length > 1 });
    return acks;
  }
}
