import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { PredictContext } from '../../define-model.ts';

/** Passes a report on to the caller. Throws with a sentence for the container when the report is wrong. */
export type TakeReport = (body: Buffer, type: string) => void;

/** More than a partial response may have, as JSON. */
const MAX_REPORT_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

/** Receives what a container reports while it computes, at one URL for each run. */
export class ReportServer {
  readonly #runs = new Map<string, TakeReport>();
  readonly #base: string;

  private constructor(base: string) {
    this.#base = base;
  }

  /** `address` is one of this machine that the container reaches. */
  static async start(address: string): Promise<ReportServer> {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS });
    server.listen(0, address);
    await once(server, 'listening');
    server.unref();
    const { port } = server.address() as AddressInfo;
    const reports = new ReportServer(`http://${isIPv6(address) ? `[${address}]` : address}:${port}`);
    server.on('request', (request, response) => {
      // Recovery: the container closed the connection.
      reports.#answer(request, response).catch(() => response.destroy());
    });
    return reports;
  }

  /** Only who knows the URL can report to the run. Call `close` when it has ended. */
  open(take: TakeReport): { readonly url: string; close(): void } {
    const path = `/reports/${randomUUID()}`;
    this.#runs.set(path, take);
    return { url: `${this.#base}${path}`, close: () => this.#runs.delete(path) };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const end = (status: number, text: string) =>
      response.writeHead(status, { 'Content-Type': 'text/plain' }).end(text);
    const { url = '', method, headers } = request;
    if (!this.#runs.has(url)) return void end(404, 'The run has ended.');
    if (method !== 'POST') return void end(405, 'Reports are sent by POST.');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request) {
      bytes += (chunk as Buffer).byteLength;
      if (bytes > MAX_REPORT_BYTES) return void end(413, `A report may have ${MAX_REPORT_BYTES} bytes.`);
      chunks.push(chunk as Buffer);
    }
    // The run may have ended while the report arrived.
    const take = this.#runs.get(url);
    if (!take) return void end(404, 'The run has ended.');
    try {
      take(Buffer.concat(chunks), headers['content-type'] ?? '');
    } catch (error) {
      return void end(400, error instanceof Error ? error.message : String(error));
    }
    response.writeHead(204).end();
  }
}

/** `{"fraction", "message", "response"}`, or a partial response as protobuf. */
export const takeReport =
  ({ progress, partial }: Pick<PredictContext, 'progress' | 'partial'>): TakeReport =>
  (body, type) => {
    if (type.startsWith('application/x-protobuf')) return partial(body);
    const { fraction, message, response } = objectOf(body);
    if (fraction === undefined && response === undefined) {
      throw new TypeError('A report has a `fraction`, a `response` or both.');
    }
    if (fraction !== undefined && typeof fraction !== 'number') throw new TypeError('`fraction` must be a number.');
    if (message !== undefined && typeof message !== 'string') throw new TypeError('`message` must be a string.');
    if (fraction !== undefined) progress(fraction, message);
    if (response !== undefined) partial({ json: response });
  };

export function objectOf(body: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(body.toString('utf8'));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TypeError('A report is a JSON object.');
}
