import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type Interest, receive, send, type WakeMessage } from './wake-message.ts';

export interface WakeHubOptions {
  readonly address: string;
  /** Called for every message. */
  readonly onMessage: (message: WakeMessage) => void;
  /** Called when a process has disconnected. */
  readonly onLeave: () => void;
}

const NOTHING: Interest = { queues: [], tasks: false };

/** Runs in one process of a data folder. The other processes connect to it; it forwards their notifications. */
export class WakeHub {
  readonly #options: WakeHubOptions;
  readonly #server: Server;
  readonly #interests = new Map<Socket, Interest>();

  private constructor(options: WakeHubOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** Call only while holding the hub lock. Replaces the socket of a dead hub. */
  static async open(options: WakeHubOptions): Promise<WakeHub> {
    const hub = new WakeHub(options);
    if (process.platform !== 'win32') rmSync(options.address, { force: true });
    hub.#server.listen(options.address);
    await once(hub.#server, 'listening');
    hub.#server.unref();
    return hub;
  }

  /** Forwards a notification to interested processes except the sender. */
  forward({ arrived = [], ended = [] }: WakeMessage, sender?: Socket): void {
    for (const [socket, { queues, tasks }] of this.#interests) {
      if (socket === sender) continue;
      const wanted = {
        ...(arrived.some((queue) => queues.includes(queue)) ? { arrived } : {}),
        ...(tasks && ended.length > 0 ? { ended } : {}),
      };
      if (wanted.arrived || wanted.ended) send(socket, wanted);
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#interests.keys()) socket.destroy();
  }

  #welcome(socket: Socket): void {
    this.#interests.set(socket, NOTHING);
    socket.unref();
    // Handled by `close`.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#interests.delete(socket);
      this.#options.onLeave();
    });
    receive(socket, (message) => {
      if (message.interest) {
        this.#interests.set(socket, message.interest);
        send(socket, { isInterestSet: true });
      }
      this.forward(message, socket);
      this.#options.onMessage(message);
    });
  }
}
