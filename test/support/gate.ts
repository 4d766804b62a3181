import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from './listen.ts';

/** A way to a server that a test can shut, as if the network were gone for those who come through it. */
export interface Gate {
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  shut(): Promise<void>;
  /** Lets nothing through any more, and tells nobody: connections stay open, new ones are taken, and all are silent. */
  stall(): void;
  /** What was held back gets through, the ends of connections too. */
  resume(): void;
  /** Connections that are open stay open and silent for good, as when a router has forgotten them; new ones are as ever. */
  swallow(): void;
}

/** Passes connections on to the server at `url`. */
export async function openGate(url: string): Promise<Gate> {
  const { hostname, port } = new URL(url);
  const passages = new Set<Passage>();
  const swallowed: Passage[] = [];
  let isStalled = false;
  const server = createServer((inbound) => {
    const passage = new Passage(inbound, connect(Number(port), hostname), () => passages.delete(passage));
    passages.add(passage);
    if (!isStalled) passage.open();
  });
  return {
    url: await listenOnFreePort(server),
    async shut() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const passage of [...passages, ...swallowed]) passage.cut();
      await closed;
    },
    stall() {
      isStalled = true;
      for (const passage of passages) passage.close();
    },
    resume() {
      isStalled = false;
      for (const passage of passages) passage.open();
    },
    swallow() {
      for (const passage of passages) passage.close();
      swallowed.push(...passages);
      passages.clear();
    },
  };
}

/** One connection through a gate. */
class Passage {
  readonly #sides: readonly [Socket, Socket];
  readonly #onEnd: () => void;
  #isOpen = false;

  constructor(inbound: Socket, outbound: Socket, onEnd: () => void) {
    this.#sides = [inbound, outbound];
    this.#onEnd = onEnd;
    for (const socket of this.#sides) {
      // Told by its being closed.
      socket.on('error', () => undefined);
      socket.on('close', () => this.#isOpen && this.cut());
    }
  }

  open(): void {
    const [inbound, outbound] = this.#sides;
    this.#isOpen = true;
    inbound.pipe(outbound);
    outbound.pipe(inbound);
    // A connection that was cut on one side is cut on the other.
    if (this.#sides.some(({ destroyed }) => destroyed)) this.cut();
  }

  close(): void {
    this.#isOpen = false;
    for (const socket of this.#sides) socket.unpipe().pause();
  }

  cut(): void {
    for (const socket of this.#sides) socket.destroy();
    this.#onEnd();
  }
}
