import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from '#test/support/listen.ts';

/** A proxy to RabbitMQ that counts AMQP frames. */
export interface FrameCounter extends AsyncDisposable {
  /** The URL of RabbitMQ with the address of the proxy. */
  readonly url: string;
  /** Frames in both directions, by name. */
  frames(): ReadonlyMap<string, number>;
}

/** The protocol header that a client sends before its first frame. */
const GREETING_BYTES = 8;
const HEAD_BYTES = 7;
/** Frames of type 1 start with the numbers of a class and a method. */
const METHODS: Readonly<Record<string, string>> = {
  '60.10': 'basic.qos',
  '60.11': 'basic.qos-ok',
  '60.20': 'basic.consume',
  '60.21': 'basic.consume-ok',
  '60.30': 'basic.cancel',
  '60.31': 'basic.cancel-ok',
  '60.40': 'basic.publish',
  '60.60': 'basic.deliver',
  '60.80': 'basic.ack',
};
const OTHERS: Readonly<Record<number, string>> = { 2: 'header', 3: 'body', 8: 'heartbeat' };

export async function countFrames(url: string): Promise<FrameCounter> {
  const { hostname, port } = new URL(url);
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: Number(port), host: hostname, noDelay: true });
    for (const [from, to, skip] of [
      [client, upstream, GREETING_BYTES],
      [upstream, client, 0],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on(
        'data',
        frameReader(skip, (name) => counts.set(name, (counts.get(name) ?? 0) + 1)),
      );
      from.pipe(to);
    }
  });
  const counted = new URL(url);
  counted.host = new URL(await listenOnFreePort(server)).host;
  return {
    url: counted.href,
    frames: () => new Map(counts),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Parses a byte stream and reports each frame. */
function frameReader(skip: number, tell: (name: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let at = skip;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= at + HEAD_BYTES + 4) {
      tell(nameOf(rest, at));
      at += HEAD_BYTES + rest.readUInt32BE(at + 3) + 1;
    }
    const done = Math.min(at, rest.length);
    rest = rest.subarray(done);
    at -= done;
  };
}

function nameOf(bytes: Buffer, at: number): string {
  const type = bytes.readUInt8(at);
  const method = `${bytes.readUInt16BE(at + HEAD_BYTES)}.${bytes.readUInt16BE(at + HEAD_BYTES + 2)}`;
  return type === 1 ? (METHODS[method] ?? `method ${method}`) : (OTHERS[type] ?? `type ${type}`);
}
