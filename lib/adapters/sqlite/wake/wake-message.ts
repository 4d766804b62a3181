import type { Socket } from 'node:net';

/** A notification, sent after the commit. Receivers find the same facts in the database. */
export interface WakeMessage {
  /** Queues with new messages. */
  readonly arrived?: readonly string[];
  /** Ended tasks. */
  readonly ended?: readonly string[];
  /** Replaces the interest of the sender. */
  readonly interest?: Interest;
  /** The hub has stored the interest of the receiver. Earlier notifications may have been lost. */
  readonly isNoted?: boolean;
}

export interface Interest {
  readonly queues: readonly string[];
  /** Whether it wants ended tasks. */
  readonly tasks: boolean;
}

/** Unread bytes after which notifications to a process are dropped. */
const MAX_UNREAD_BYTES = 1024 * 1024;

export function send(socket: Socket, message: WakeMessage): void {
  if (socket.writable && socket.writableLength < MAX_UNREAD_BYTES) socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls back with each message that arrives. */
export function receive(socket: Socket, onMessage: (message: WakeMessage) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    // Only processes of the same user can connect, and they run the same code.
    for (const line of lines) onMessage(JSON.parse(line) as WakeMessage);
  });
}
