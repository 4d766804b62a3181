import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from './listen.ts';

/** A way to Redis on which a test can make some keys unreachable, and reachable again. */
export interface RedisKeyGate {
  readonly url: string;
  /** While it is true, commands about these keys are answered as by a Redis that still loads its data. */
  isShut: boolean;
  close(): void;
}

/** What Redis is asked instead: it answers in its turn, so that no answer is taken for another one's. */
const REFUSAL = command(['EVAL', "return redis.error_reply('LOADING the registry')", '0']);

/** Passes commands on to the Redis at `target`. */
export async function openRedisKeyGate(target: string, isGuarded: (key: string) => boolean): Promise<RedisKeyGate> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = connect(Number(port), hostname);
    const read = commandReader(({ bytes, words }) => {
      outbound.write(gate.isShut && words.some(isGuarded) ? REFUSAL : bytes);
    });
    inbound.on('data', read);
    outbound.pipe(inbound);
    for (const [socket, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(socket);
      // A connection that is cut on one side is cut on the other.
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
  });
  const gate = {
    url: (await listenOnFreePort(server)).replace('http:', 'redis:'),
    isShut: false,
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

/** Takes the bytes of a connection as they come, and tells each command once it is complete. */
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

/** The first command of what came in, an array of strings with their lengths; undefined while it is not complete. */
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
