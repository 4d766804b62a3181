import { connect, createServer, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { listenOnFreePort } from './listen.ts';

/** A TCP proxy in front of a server, on which a test can break the network. */
export interface Gate {
  /** The server's URL with the address of the gate. */
  readonly url: string;
  /** Connections of clients that the gate holds open, silent ones included. */
  readonly connections: number;
  /** Cuts every connection and refuses new ones. */
  shut(): Promise<void>;
  /** Cuts every connection with a reset; new ones work. */
  reset(): void;
  /** Forwards nothing any more and closes nothing: connections stay open, new ones are accepted, all are silent. */
  stall(): void;
  /** Like `stall`, but each connection, also each new one, is forwarded again after its own time, until `resume`. */
  stallEach(milliseconds: () => number, options?: { readonly onlyNew?: boolean }): void;
  /** Forwards what was held back, ends of connections included. */
  resume(): void;
  /** Open connections stay open and silent for ever, as when a router has forgotten them; new ones work. */
  swallow(): void;
  /** Delays everything that is forwarded from now on, in both directions. 0 ends the delay. */
  delay(milliseconds: number): void;
}

/** Forwards connections to the server at `url`. */
export async function openGate(url: string): Promise<Gate> {
  const { hostname, port } = new URL(url);
  const passages = new Set<Passage>();
  const swallowed = new Set<Passage>();
  let silence: (() => number) | undefined;
  let delayMs = 0;
  const server = createServer((inbound) => {
    const passage = new Passage(inbound, connect(Number(port), hostname), {
      delayMs: () => delayMs,
      onEnd() {
        passages.delete(passage);
        swallowed.delete(passage);
      },
    });
    passages.add(passage);
    if (silence) passage.stallFor(silence());
    else passage.open();
  });
  function stallEach(milliseconds: () => number, { onlyNew = false } = {}): void {
    silence = milliseconds;
    if (onlyNew) return;
    for (const passage of passages) passage.stallFor(milliseconds());
  }
  return {
    url: withHost(url, await listenOnFreePort(server)),
    get connections() {
      return passages.size + swallowed.size;
    },
    async shut() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const passage of [...passages, ...swallowed]) passage.cut();
      await closed;
    },
    reset() {
      for (const passage of [...passages]) passage.reset();
    },
    stall: () => stallEach(() => Number.POSITIVE_INFINITY),
    stallEach,
    resume() {
      silence = undefined;
      for (const passage of passages) passage.open();
    },
    swallow() {
      for (const passage of passages) {
        passage.stallFor(Number.POSITIVE_INFINITY);
        swallowed.add(passage);
      }
      passages.clear();
    },
    delay(milliseconds) {
      delayMs = milliseconds;
    },
  };
}

const withHost = (url: string, other: string): string => url.replace(new URL(url).host, new URL(other).host);

interface PassageOptions {
  readonly delayMs: () => number;
  readonly onEnd: () => void;
}

/** One connection through a gate. */
class Passage {
  readonly #inbound: Socket;
  readonly #outbound: Socket;
  readonly #lags: readonly [Lag, Lag];
  readonly #onEnd: () => void;
  #isOpen = false;
  #silence: NodeJS.Timeout | undefined;

  constructor(inbound: Socket, outbound: Socket, { delayMs, onEnd }: PassageOptions) {
    this.#inbound = inbound;
    this.#outbound = outbound;
    this.#lags = [new Lag(delayMs), new Lag(delayMs)];
    this.#onEnd = onEnd;
    this.#lags[0].pipe(outbound);
    this.#lags[1].pipe(inbound);
    for (const socket of [inbound, outbound]) {
      // The 'close' event follows.
      socket.on('error', () => undefined);
      socket.on('close', () => this.#isOpen && this.cut());
    }
  }

  open(): void {
    clearTimeout(this.#silence);
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#inbound.pipe(this.#lags[0]);
    this.#outbound.pipe(this.#lags[1]);
    // Closing one side while the passage was silent closes the other side now.
    if (this.#inbound.destroyed || this.#outbound.destroyed) this.cut();
  }

  stallFor(milliseconds: number): void {
    clearTimeout(this.#silence);
    this.#isOpen = false;
    for (const socket of [this.#inbound, this.#outbound]) socket.unpipe().pause();
    if (Number.isFinite(milliseconds)) this.#silence = setTimeout(() => this.open(), milliseconds);
  }

  cut(): void {
    this.#end((socket) => socket.destroy());
  }

  reset(): void {
    this.#end((socket) => socket.resetAndDestroy());
  }

  #end(destroy: (socket: Socket) => void): void {
    clearTimeout(this.#silence);
    for (const socket of [this.#inbound, this.#outbound]) destroy(socket);
    for (const lag of this.#lags) lag.destroy();
    this.#onEnd();
  }
}

/** Forwards bytes in order, each chunk after the delay that was set when it arrived. */
class Lag extends Transform {
  readonly #delayMs: () => number;
  readonly #waiting: (() => void)[] = [];
  #lastAt = 0;

  constructor(delayMs: () => number) {
    super();
    this.#delayMs = delayMs;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#later(() => this.push(chunk));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#later(done);
  }

  #later(action: () => void): void {
    const now = performance.now();
    this.#lastAt = Math.max(this.#lastAt, now + this.#delayMs());
    if (this.#waiting.length === 0 && this.#lastAt <= now) action();
    else {
      // Timers that are due in the same millisecond may fire in another order than they were set in.
      this.#waiting.push(action);
      setTimeout(() => this.#waiting.shift()?.(), this.#lastAt - now);
    }
  }
}
