import type { AsyncMessage, Channel } from 'rabbitmq-client';
import { PrefetchWindow } from './prefetch-window.ts';

interface LaneWindowsOptions {
  readonly channel: Channel;
  readonly lanes: readonly string[];
  readonly onMessage: (message: AsyncMessage, lane: string) => void;
}

/** A prefetch window per lane. An open window on an empty lane costs nothing. */
export class LaneWindows {
  readonly #windows: readonly PrefetchWindow[];

  constructor({ channel, lanes, onMessage }: LaneWindowsOptions) {
    this.#windows = lanes.map(
      (queue) => new PrefetchWindow({ channel, queue, onMessage: (message) => onMessage(message, queue) }),
    );
  }

  /**
   * Requests about `wanted` messages from each lane. `ahead`: more of them, so that their turns can be compared.
   * Resolves when the first lane is open.
   */
  async open(wanted: number, ahead: number): Promise<void> {
    const [first, ...others] = this.#windows.map((window) => window.open(wanted + ahead));
    // A failure closes the channel, which its owner sees.
    for (const other of others) other.catch(() => undefined);
    await first;
  }

  /**
   * Resolves when no more messages arrive. False if the broker may have delivered a message that the client did not
   * show.
   */
  async close(): Promise<boolean> {
    const areClean = await Promise.all(this.#windows.map((window) => window.close()));
    return areClean.every(Boolean);
  }

  /** Must be called before messages are settled. Without a pending request, no message may take their place. */
  async beforeSettling(deliveryTags: readonly number[], hasRequest: () => boolean): Promise<void> {
    await Promise.all(this.#windows.map((window) => window.beforeSettling(deliveryTags, hasRequest)));
  }

  /** Resolves when the broker has processed everything that was sent on the channel before. */
  async flush(): Promise<void> {
    await this.#windows[0]?.flush();
  }
}
