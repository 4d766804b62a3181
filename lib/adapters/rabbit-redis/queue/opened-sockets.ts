import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const listeners = new AsyncLocalStorage<(socket: Socket) => void>();

subscribe('net.client.socket', (message) => {
  const { socket } = message as { readonly socket: Socket };
  listeners.getStore()?.(socket);
});

/**
 * Runs `open` and calls back with each TCP socket that it opens, also later, for example to reconnect. Everything that
 * follows from `open` counts, so compare the socket's port. Connections with TLS are not reported.
 */
export const watchSockets = <T>(onSocket: (socket: Socket) => void, open: () => T): T => listeners.run(onSocket, open);
