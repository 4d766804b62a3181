import { createServer, request } from 'node:http';
import { listenOnFreePort } from './listen.ts';

/** A server that forwards paths below a prefix, as a stage of API Gateway does. */
export interface PrefixedServer extends AsyncDisposable {
  /** With the prefix. */
  readonly url: string;
}

/** Serves `target` below `prefix` only. `added`: headers of requests that do not have them. */
export async function behindPrefix(
  target: string,
  prefix: `/${string}` | '',
  added: Readonly<Record<string, string>> = {},
): Promise<PrefixedServer> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    if (!url.startsWith(`${prefix}/`)) {
      outgoing.writeHead(403).end();
      return;
    }
    const address = `${target}${url.slice(prefix.length)}`;
    const onward = request(address, { method, headers: { ...added, ...headers } }, (answer) => {
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
