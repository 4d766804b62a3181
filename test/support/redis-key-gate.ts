import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from './listen.ts';

/** A proxy to Redis that can make some keys unreachable. */
export interface RedisKeyGate {
  readonly url: string;
  /** While true, commands on these keys get the error of a Redis that still loads its data. */
  isShut: boolean;
  /** Commands about a key are sent about another one, as if a client had mixed up two replies. */
  readonly redirects: Map<string, string>;
  close(): void;
}

/** Sent instead of a refused command, so that responses stay in order. */
const REFUSAL = command(['EVAL', "return redis.error_reply('LOADING the registry')", '0']);

/** Passes commands on to the Redis at `target`. */
export async function openRedisKeyGate(target: string, isGuarded: (key: string) => boolean): Promise<RedisKeyGate> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = connect(Number(port), hostname);
    const read = commandReader(({ bytes, words }) => {
      if (gate.isShut && words.some(isGuarded)) outbound.write(REFUSAL);
      else if (words.some((word) => gate.redirects.has(word))) {
        outbound.write(command(words.map((word) => gate.redirects.get(word) ?? word)));
      } else outbound.write(bytes);
    });
    inbound.on('data', read);
    outbound.pipe(inbound);
    for (const [socket, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(socket);
      // When one side is closed, close the other.
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
  });
  const gate = {
    url: (await listenOnFreePort(server)).replace('http:', 'redis:'),
    isShut: false,
    redirects: new Map<string, string>(),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return gate;
}

interface Command {
  readonly bytes: Buffer;
  readonly words: readonly string[];
}

function command(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`);
}

/** Parses a byte stream and calls back for each complete command. */
function commandReader(onCommand: (command: Command) => void): (chunk: Buffer) => void {
  let kept = Buffer.alloc(0);
  return function readCommands(chunk) {
    kept = Buffer.concat([kept, chunk]);
    for (let next = firstCommand(kept); next; next = firstCommand(kept)) {
      kept = kept.subarray(next.bytes.length);
      onCommand(next);
    }
  };
}

/** The first complete command of the buffer: an array of bulk strings. Undefined while it is incomplete. */
function firstCommand(bytes: Buffer): Command | undefined {
  let at = 0;
  const number = (): number | undefined => {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const value = Number(bytes.subarray(at + 1, end).toString());
    at = end + 2;
    return value;
  };
  const words: string[] = [];
  const count = number();
  if (count === undefined) return undefined;
  while (words.length < count) {
    const length = number();
    if (length === undefined || bytes.length < at + length + 2) return undefined;
    words.push(bytes.subarray(at, at + length).toString());
    at += length + 2;
  }
  return { bytes: Buffer.from(bytes.subarray(0, at)), words };
}
