import type { IncomingMessage } from 'node:http';
import type { ProxyResult } from '#api';
import { ModelyardError, TRANSFER_PATH, type TransferEdge } from '#core';
import { ClientDisconnectedError } from './bridge-answer.ts';

/** Each holds a few pieces of at most 64 KiB, or a part of 4 MiB. */
const MAX_TRANSFERS = 32;
const RETRY_AFTER_SECONDS = 5;

/** Answers requests to the addresses of large payloads. Their tokens say who may, so no caller is asked. */
export function createTransferAnswer(edge: TransferEdge) {
  let open = 0;

  async function receive(request: IncomingMessage, token: string): Promise<ProxyResult> {
    await edge.receive(token, piecesOf(request));
    return { statusCode: 200, headers: {}, body: '' };
  }

  async function send(token: string): Promise<ProxyResult> {
    const { size, type, fileName, pieces } = await edge.send(token);
    const headers = {
      'Content-Type': type,
      'Content-Length': String(size),
      'Content-Disposition': `attachment; filename="${fileName}"`,
      'Cache-Control': 'no-store',
    };
    return { statusCode: 200, headers, body: '', stream: counted(pieces) };
  }

  async function* counted(pieces: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    open++;
    try {
      yield* pieces;
    } finally {
      open--;
    }
  }

  return async function transferAnswer(request: IncomingMessage, path: string): Promise<ProxyResult> {
    const token = path.slice(TRANSFER_PATH.length);
    if (open >= MAX_TRANSFERS) {
      const options = { retryable: true, retryAfterSeconds: RETRY_AFTER_SECONDS };
      throw new ModelyardError('too_many_requests', 'Too many large payloads are on their way.', options);
    }
    if (request.method === 'GET') return send(token);
    if (request.method !== 'PUT')
      throw new ModelyardError('method_not_allowed', 'Use GET or PUT, as the address says.');
    open++;
    try {
      return await receive(request, token);
    } finally {
      open--;
    }
  };
}

interface LateEdge extends TransferEdge {
  edge: TransferEdge | undefined;
}

/** An edge that is known later. Until then, and without one, there are no addresses. */
export function lateEdge(): LateEdge {
  const known = (edge: TransferEdge | undefined): TransferEdge => {
    if (!edge) throw new ModelyardError('resource_not_found', 'There is no such transfer.');
    return edge;
  };
  return {
    edge: undefined,
    async receive(...sent) {
      return known(this.edge).receive(...sent);
    },
    async send(token) {
      return known(this.edge).send(token);
    },
  };
}

export const isTransfer = (path: string): boolean => path.startsWith(TRANSFER_PATH);

async function* piecesOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // Not destroyed when the receiver stops: the client must be able to read why.
    for await (const piece of request.iterator({ destroyOnReturn: false })) yield piece;
  } catch (cause) {
    throw new ClientDisconnectedError('The upload has broken.', { cause });
  }
}
