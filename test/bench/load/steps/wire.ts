import { connect, type Socket } from 'node:net';

/** What came back for one request. */
export interface Reply {
  /** 0 when the connection ended without a response. */
  readonly status: number;
  /** Header lines, for example `HTTP/1.1 200 OK\r\nContent-Type: …`. */
  readonly head: string;
  readonly body: string;
}

type Done = (reply: Reply) => void;

const LOST: Reply = { status: 0, head: '', body: '' };
/** Shorter than the keep-alive timeout of Node's server (5 s), so that a request rarely meets a closing connection. */
const IDLE_MS = 4_000;
const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;

interface Waiting {
  readonly request: Buffer;
  readonly done: Done;
}

/**
 * Sends prepared HTTP/1.1 requests over a limited number of keep-alive connections, as wrk2 does: a request that is due
 * while all of them are busy waits here, and its latency goes on. It reads only what a load test needs, which costs a
 * fifth of the CPU of `node:http`: the sender shares the machine with what it measures.
 */
export class Wire implements Disposable {
  readonly #address: { readonly host: string; readonly port: number };
  readonly #maxConnections: number;
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();
  readonly #waiting: Waiting[] = [];
  /** Of `#waiting`, those before this index are gone: to shift a long list costs too much. */
  #next = 0;

  constructor(url: string, maxConnections: number) {
    const { hostname, port, protocol } = new URL(url);
    if (protocol !== 'http:') throw new Error('Steps are measured over plain HTTP only.');
    this.#address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
    this.#maxConnections = maxConnections;
  }

  /** `request` must be a whole request that the server answers with a Content-Length. */
  send(request: Buffer, done: Done): void {
    const connection = this.#takeIdle() ?? (this.#open.size < this.#maxConnections ? this.#connect() : undefined);
    if (connection) connection.send(request, done);
    else this.#waiting.push({ request, done });
  }

  [Symbol.dispose](): void {
    this.#waiting.length = 0;
    for (const { socket } of this.#open) socket.destroy();
  }

  /** The one that was idle longest, so that all stay open: Node accepts one new connection per turn of its event loop. */
  #takeIdle(): Connection | undefined {
    const now = performance.now();
    for (let next = this.#idle.shift(); next; next = this.#idle.shift()) {
      if (!next.isClosed && now - next.idleSince < IDLE_MS) return next;
      next.socket.destroy();
    }
    return undefined;
  }

  #connect(): Connection {
    const connection = new Connection(connect({ ...this.#address, noDelay: true }), {
      onFree: () => {
        const waiting = this.#takeWaiting();
        if (waiting) connection.send(waiting.request, waiting.done);
        else this.#idle.push(connection);
      },
      onClose: () => {
        this.#open.delete(connection);
        const waiting = this.#takeWaiting();
        if (waiting) this.send(waiting.request, waiting.done);
      },
    });
    this.#open.add(connection);
    return connection;
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting[this.#next];
    if (waiting) this.#next += 1;
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#next = 0;
    }
    return waiting;
  }
}

class Connection {
  readonly socket: Socket;
  readonly #onFree: () => void;
  #done: Done | undefined;
  #received = '';
  isClosed = false;
  idleSince = 0;

  constructor(socket: Socket, { onFree, onClose }: { readonly onFree: () => void; readonly onClose: () => void }) {
    this.socket = socket;
    this.#onFree = onFree;
    socket.on('data', (chunk) => this.#read(chunk));
    // 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      onClose();
      this.#end(LOST);
    });
  }

  send(request: Buffer, done: Done): void {
    this.#done = done;
    this.#received = '';
    this.socket.write(request);
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received === '' ? chunk.toString('latin1') : this.#received + chunk.toString('latin1');
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const from = headEnd + HEAD_END.length;
    const until = from + Number(LENGTH.exec(head)?.[1] ?? 0);
    if (this.#received.length < until) return;
    const reply = { status: Number(head.slice(9, 12)), head, body: this.#received.slice(from, until) };
    this.#end(reply);
    this.idleSince = performance.now();
    if (/\r\nconnection: close/i.test(head)) this.socket.destroy();
    else this.#onFree();
  }

  #end(reply: Reply): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(reply);
  }
}
