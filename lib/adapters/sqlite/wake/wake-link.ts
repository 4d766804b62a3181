import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileLock } from '../database/file-lock.ts';
import { WakeHub } from './wake-hub.ts';
import { type Interest, receive, send, type WakeMessage, wakeAddress } from './wake-message.ts';

export interface WakeLinkOptions {
  readonly folder: string;
  readonly onMessage: (message: WakeMessage) => void;
  /** Called when this process became the hub or lost its connection. Notifications may have been lost. */
  readonly onChange: () => void;
  /** Called when this process became the hub. */
  readonly onLead: () => void;
  /** Called in the hub when another process has disconnected. */
  readonly onLeave: () => void;
}

/** Pause between attempts to connect or to become the hub. */
const RECONNECT_MS = 25;

/** Connects this process to the other processes of its data folder: as the hub, or to the hub. */
export class WakeLink {
  readonly #options: WakeLinkOptions;
  readonly #closing = new AbortController();
  #interest: Interest = { queues: [], tasks: false };
  #hub: WakeHub | undefined;
  #toHub: Socket | undefined;

  constructor(options: WakeLinkOptions) {
    this.#options = options;
    void this.#stayLinked(this.#closing.signal);
  }

  get isLinked(): boolean {
    return this.#hub !== undefined || this.#toHub !== undefined;
  }

  send(message: WakeMessage): void {
    this.#hub?.forward(message);
    if (this.#toHub) send(this.#toHub, message);
  }

  /** Sets which notifications this process receives. */
  setInterest(interest: Interest): void {
    this.#interest = interest;
    if (this.#toHub) send(this.#toHub, { interest });
  }

  close(): void {
    this.#closing.abort();
    this.#hub?.close();
    this.#toHub?.destroy();
  }

  async #stayLinked(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!(await this.#lead(signal))) await this.#follow(signal);
      } catch {
        // Recovery: the hub is unreachable. Receivers poll until the next attempt succeeds.
      }
      await sleep(RECONNECT_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Resolves with true when this process was the hub and closed. Resolves with false if another process is the hub. */
  async #lead(signal: AbortSignal): Promise<boolean> {
    const { folder, onMessage, onChange, onLead, onLeave } = this.#options;
    const lock = FileLock.tryTake(join(folder, 'hub.lock'));
    if (!lock) return false;
    try {
      this.#hub = await WakeHub.open({
        ...{ address: wakeAddress(folder), onMessage },
        onLeave: () => signal.aborted || onLeave(),
      });
      onChange();
      onLead();
      if (!signal.aborted) await once(signal, 'abort');
      return true;
    } finally {
      this.#hub?.close();
      this.#hub = undefined;
      lock.release();
    }
  }

  /** Resolves when the connection to the hub ends. Rejects if there is no hub. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { folder, onMessage, onChange } = this.#options;
    const socket = connect(wakeAddress(folder)).unref();
    try {
      await once(socket, 'connect', { signal });
      const closed = once(socket, 'close');
      receive(socket, onMessage);
      this.#toHub = socket;
      this.setInterest(this.#interest);
      await closed.catch(() => undefined);
    } finally {
      this.#toHub = undefined;
      socket.destroy();
    }
    if (!signal.aborted) onChange();
  }
}
