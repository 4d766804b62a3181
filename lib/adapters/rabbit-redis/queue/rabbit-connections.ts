import { RabbitLink } from './rabbit-link.ts';
import { RabbitPublisher } from './rabbit-publisher.ts';

interface RabbitConnectionsOptions {
  readonly url: string;
  readonly onTrouble?: (message: string) => void;
  /** For the publishing connection, which holds no leases. @default 10 */
  readonly heartbeatSeconds?: number;
}

interface ConsumingLink {
  readonly link: RabbitLink;
  readonly heartbeatSeconds: number;
}

const MAX_HEARTBEAT_SECONDS = 10;

/**
 * The connections of one process. Publishers and consumers are separate: a broker that is short of memory stops reading
 * from publishing connections, but must still receive acknowledgements.
 */
export class RabbitConnections {
  readonly publishing: RabbitLink;
  readonly publisher: RabbitPublisher;
  readonly #options: RabbitConnectionsOptions;
  readonly #consuming = new Map<number, RabbitLink>();

  constructor(options: RabbitConnectionsOptions) {
    this.#options = options;
    const { heartbeatSeconds = MAX_HEARTBEAT_SECONDS } = options;
    this.publishing = new RabbitLink({ ...options, heartbeatSeconds, name: 'modelyard publisher' });
    this.publisher = new RabbitPublisher(this.publishing);
  }

  /** A connection whose heartbeat detects an outage well before leases of this length end. */
  consuming(leaseSeconds: number): ConsumingLink {
    const heartbeatSeconds = Math.max(1, Math.min(MAX_HEARTBEAT_SECONDS, Math.floor(leaseSeconds / 6)));
    const known = this.#consuming.get(heartbeatSeconds);
    // The publishing connection reports outages.
    const link = known ?? new RabbitLink({ url: this.#options.url, heartbeatSeconds, name: 'modelyard consumer' });
    this.#consuming.set(heartbeatSeconds, link);
    return { link, heartbeatSeconds };
  }

  /** Resolves when the broker responds and accepts messages. Rejects with `queue_unavailable`. */
  async check(): Promise<void> {
    await this.publisher.check();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consuming.values(), this.publishing].map((link) => link.close()));
  }
}
