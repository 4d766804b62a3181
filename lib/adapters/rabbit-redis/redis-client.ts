import { createClient, RESP_TYPES } from 'redis';
import { backoffMs } from '#core';

export const RECONNECT = { baseMs: 100, maxMs: 2_000 };
export const CONNECT_TIMEOUT_MS = 5_000;
/** A connection that the network has swallowed answers no ping; the kernel would find out after many minutes. */
const PING_INTERVAL_MS = 5_000;
const SILENCE_MS = 12_000;
const LOOK_INTERVAL_MS = 1_000;

/** A client that connects when it is told to, and again whenever its connection is lost or silent. */
export function createRedisClient(url: string) {
  const client = createClient({
    url,
    // While it is away commands fail at once: waiting is the callers' business.
    disableOfflineQueue: true,
    pingInterval: PING_INTERVAL_MS,
    socket: {
      noDelay: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.ceil(backoffMs(RECONNECT, retries + 1)) + 20,
    },
    // The client's own limit makes an abort signal per command and is over once it is sent; ours is in `translated`.
    commandOptions: { timeout: 0 },
  });
  leaveSilence(client);
  return client;
}

export type TextClient = ReturnType<typeof createRedisClient>;

export const withBytes = (client: TextClient) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });

/** Makes a connection anew on which nothing was heard for long, be it no answer to a ping or none to the greeting. */
function leaveSilence(client: Pick<TextClient, 'on' | 'emit' | 'isOpen' | 'destroy' | 'connect'>): void {
  let heardAt = 0;
  let watch: NodeJS.Timeout | undefined;
  const look = () => {
    if (!client.isOpen) {
      clearInterval(watch);
      watch = undefined;
    } else if (performance.now() - heardAt > SILENCE_MS) {
      client.emit('error', new Error(`No answer within ${SILENCE_MS / 1000} s`));
      client.destroy();
      // What goes wrong is told as an error like any other, and tried again.
      client.connect().catch(() => undefined);
    }
  };
  for (const event of ['connect', 'ready', 'ping-interval', 'reconnecting', 'error']) {
    client.on(event, () => {
      heardAt = performance.now();
      watch ??= setInterval(look, LOOK_INTERVAL_MS).unref();
    });
  }
}
