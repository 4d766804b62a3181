import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Task } from '#core';

/** Maximum length of a socket address on macOS. Linux allows a few bytes more. */
const MAX_ADDRESS_BYTES = 103;

/**
 * The socket of a data folder: a Unix domain socket in the folder, or in the temporary folder if the path is too long; a
 * named pipe on Windows. Throws if another user owns the temporary folder.
 */
export function wakeAddress(folder: string): string {
  const name = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\modelyard-${name}`;
  const inside = join(folder, 'wake.sock');
  if (Buffer.byteLength(inside) <= MAX_ADDRESS_BYTES) return inside;
  const outside = join(tmpdir(), `modelyard-${name}`);
  mkdirSync(outside, { recursive: true, mode: 0o700 });
  if (lstatSync(outside).uid !== process.getuid?.()) throw new Error(`Another user owns ${outside}.`);
  return join(outside, 'wake.sock');
}

/** A notification, sent after the commit. Receivers can also read the changes from the database. */
export interface WakeMessage {
  /** Queues with new messages. */
  readonly arrived?: readonly string[];
  readonly ended?: readonly EndedTask[];
  /** Replaces the interest of the sender. */
  readonly interest?: Interest;
  /** The hub has stored the interest of the receiver. Earlier notifications may have been lost. */
  readonly isInterestSet?: boolean;
}

/** A task that has ended. `success` is the task if its result is small, which saves its readers a query. */
export interface EndedTask {
  readonly id: string;
  readonly success?: TaskDocument;
}

/** A task without its request, whose inline result is base64. */
type TaskDocument = Omit<Task, 'envelope' | 'result'> & {
  readonly result: { readonly contractHash: string; readonly base64: string };
};

/** Tasks with larger results are read from the database. */
const MAX_INCLUDED_BYTES = 4096;

export function toEndedTask(task: Task): EndedTask {
  const { envelope: _, ...told } = task;
  const { id, state, result } = told;
  const payload = result?.payload;
  if (state !== 'succeeded' || payload?.kind !== 'inline' || payload.bytes.byteLength > MAX_INCLUDED_BYTES)
    return { id };
  const { buffer, byteOffset, byteLength } = payload.bytes;
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return { id, success: { ...told, result: { contractHash: result?.contractHash ?? '', base64 } } };
}

/** Undefined if the notification does not contain the task. */
export function taskOf({ success }: EndedTask): Task | undefined {
  if (!success) return undefined;
  const { contractHash, base64 } = success.result;
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  return { ...success, result: { contractHash, payload: { kind: 'inline', bytes } } };
}

export interface Interest {
  readonly queues: readonly string[];
  /** Whether the process receives ended tasks. */
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
