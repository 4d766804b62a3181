import { createServer, request } from 'node:http';
import { listenOnFreePort } from './listen.ts';

/** A server that hands what is below a prefix on to another one, as the stage of API Gateway does. */
export interface PrefixedServer extends AsyncDisposable {
  /** Prefix included. */
  readonly url: string;
}

/** Serves `target` below `prefix`, and nothing else. */
export async function behindPrefix(target: string, prefix: `/${string}`): Promise<PrefixedServer> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    if (!url.startsWith(`${prefix}/`)) {
      outgoing.writeHead(403).end();
      return;
    }
    const onward = request(`${target}${url.slice(prefix.length)}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const url = `${await listenOnFreePort(server)}${prefix}`;
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
