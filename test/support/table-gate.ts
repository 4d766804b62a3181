import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnFreePort } from './listen.ts';

/** A proxy to DynamoDB that can make one table unreachable. */
export interface TableGate {
  readonly url: string;
  /** While true, connections that ask for the table are closed. */
  isShut: boolean;
  close(): void;
}

/** Passes requests on to the DynamoDB at `target`. */
export async function openTableGate(target: string, table: string): Promise<TableGate> {
  async function pass(inbound: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(inbound);
    const { TableName } = JSON.parse(body.toString()) as { readonly TableName?: string };
    if (gate.isShut && TableName === table) {
      inbound.socket.destroy();
      return;
    }
    const outbound = request(target, { method: 'POST', headers: inbound.headers, agent: false }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    outbound.on('error', () => inbound.socket.destroy());
    outbound.end(body);
  }

  // A caller that has disconnected needs no response.
  const server = createServer((inbound, answer) => void pass(inbound, answer).catch(() => inbound.socket.destroy()));
  const gate = {
    url: await listenOnFreePort(server),
    isShut: false,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return gate;
}
