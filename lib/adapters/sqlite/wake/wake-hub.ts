import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type Interest, receive, send, type WakeMessage } from './wake-message.ts';

export interface WakeHubOptions {
  readonly address: string;
  /** Hears every message that arrives. */
  readonly onMessage: (message: WakeMessage) => void;
  /** A process has gone, in order or not. */
  readonly onLeave: () => void;
}

const NOTHING: Interest = { queues: [], tasks: false };

/** The one process of a data folder to which all others are connected: it passes on what each of them wants to hear. */
export class WakeHub {
  readonly #options: WakeHubOptions;
  readonly #server: Server;
  readonly #interests = new Map<Socket, Interest>();

  private constructor(options: WakeHubOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** Only for whoever holds the lock of the hub: the address of a dead one is taken over. */
  static async open(options: WakeHubOptions): Promise<WakeHub> {
    const hub = new WakeHub(options);
    if (process.platform !== 'win32') rmSync(options.address, { force: true });
    hub.#server.listen(options.address);
    await once(hub.#server, 'listening');
    hub.#server.unref();
    return hub;
  }

  /** Tells everybody but the sender what they want to hear of it. */
  pass({ arrived = [], ended = [] }: WakeMessage, sender?: Socket): void {
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
    // How it ended makes no difference.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#interests.delete(socket);
      this.#options.onLeave();
    });
    receive(socket, (message) => {
      if (message.interest) {
        this.#interests.set(socket, message.interest);
        send(socket, { isNoted: true });
      }
      this.pass(message, socket);
      this.#options.onMessage(message);
    });
  }
}
