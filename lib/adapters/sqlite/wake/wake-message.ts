import type { Socket } from 'node:net';

/** What processes tell each other, after they have committed it. Whoever misses it finds the same in the database. */
export interface WakeMessage {
  /** Queues in which something has become available. */
  readonly arrived?: readonly string[];
  /** Tasks that have ended. */
  readonly ended?: readonly string[];
  /** What the sender wants to be told, from now on. */
  readonly interest?: Interest;
  /** The hub knows the interest of the receiver. What was told before may have been missed. */
  readonly isNoted?: boolean;
}

export interface Interest {
  readonly queues: readonly string[];
  /** Whether it waits for ends of tasks. */
  readonly tasks: boolean;
}

/** Bytes that wait for a process that does not read. It is told no more than that, and polls. */
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
    // Only processes of the same user reach the socket, and they run the same code.
    for (const line of lines) onMessage(JSON.parse(line) as WakeMessage);
  });
}
