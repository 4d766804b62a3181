import { lookup as systemLookup } from 'node:dns/promises';
import { createWriteStream } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type DownloadTarget,
  type ListedHosts,
  MAX_ANSWER_BYTES,
  ModelyardError,
  type Outbound,
  type OutboundAnswer,
  type OutboundRequest,
} from '#core';
import { isListedHost, judgeAddress, literalAddress, readOutboundUrl } from '#core/outbound';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface OutboundSettings {
  /** Hosts that may be private. */
  readonly listed: ListedHosts;
  /** Resolves a name to all its addresses. @default the resolver of the system */
  readonly resolve?: (name: string) => Promise<readonly ResolvedAddress[]>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const systemResolve = (name: string) => systemLookup(name, { all: true });

/**
 * Requests by HTTP. A name is resolved once, all its addresses are checked, and the connection uses only these
 * addresses, so a later response of the name server has no effect.
 */
export class OutboundHttp implements Outbound {
  readonly #listed: ListedHosts;
  readonly #resolve: (name: string) => Promise<readonly ResolvedAddress[]>;

  constructor({ listed, resolve = systemResolve }: OutboundSettings) {
    this.#listed = listed;
    this.#resolve = resolve;
  }

  check(url: string): void {
    readOutboundUrl(url, this.#listed);
  }

  async send(request: OutboundRequest): Promise<OutboundAnswer> {
    const signal = within(request);
    const answer = await this.#open(request, signal);
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of answer) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= MAX_ANSWER_BYTES) break;
      }
      assertWhole(signal);
    } catch (cause) {
      throw unanswered(signal.aborted ? signal.reason : cause);
    } finally {
      answer.destroy();
    }
    const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body };
  }

  async download(request: OutboundRequest, { path, maxBytes }: DownloadTarget): Promise<OutboundAnswer> {
    const signal = within(request);
    const answer = await this.#open(request, signal);
    const status = answer.statusCode ?? 0;
    try {
      if (status === 200)
        await pipeline(answer, atMost(maxBytes), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      assertWhole(signal);
    } catch (cause) {
      throw unanswered(signal.aborted ? signal.reason : cause);
    } finally {
      answer.destroy();
    }
    return { status, headers: answer.headers, body: Buffer.alloc(0) };
  }

  /** Resolves once the headers have arrived. */
  async #open(request: OutboundRequest, signal: AbortSignal): Promise<IncomingMessage> {
    let url = readOutboundUrl(request.url, this.#listed);
    for (let left = request.maxRedirects ?? 0; ; left--) {
      const answer = await connect(url, await this.#addressesOf(url, signal), request, signal);
      const { location } = answer.headers;
      if (left <= 0 || location === undefined || !REDIRECTS.has(answer.statusCode ?? 0)) return answer;
      answer.destroy();
      url = readOutboundUrl(URL.parse(location, url.href)?.href ?? '', this.#listed);
    }
  }

  async #addressesOf(url: URL, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    if (literalAddress(url) !== undefined) return [];
    const addresses = await settledWithin(this.#resolve(url.hostname), signal);
    if (addresses.length === 0) throw unanswered({ code: 'ENOTFOUND' });
    for (const { address } of addresses) judgeAddress(address, isListedHost(url, this.#listed));
    return addresses;
  }
}

/** A body without a length ends with its connection, which the signal closes too. */
function assertWhole(signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason;
}

function atMost(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= maxBytes) done(null, chunk);
      else done(new ModelyardError('body_too_large', `The file has more than ${maxBytes} bytes.`));
    },
  });
}

function within({ timeoutMs, signal }: OutboundRequest): AbortSignal {
  const limit = AbortSignal.timeout(timeoutMs);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

/** The name resolution of Node cannot be aborted. */
async function settledWithin<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } catch (cause) {
    throw unanswered(cause);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function connect(
  url: URL,
  addresses: readonly ResolvedAddress[],
  { method = 'GET', headers = {}, body }: OutboundRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  // Called instead of a name server. Without a name, it is not called.
  const lookup: LookupFunction = (_name, options, done) => {
    const [first] = addresses;
    if (options.all) done(null, [...addresses]);
    else if (first) done(null, first.address, first.family);
    else done(new Error('The name was not resolved.'), '');
  };
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    // `agent: false`: a connection of an earlier request may lead to another address.
    const outgoing = send(url, { method, headers: { ...headers, ...length }, lookup, signal, agent: false }, resolve);
    outgoing.on('error', (cause) => reject(unanswered(signal.aborted ? signal.reason : cause)));
    outgoing.end(body);
  });
}

function unanswered(cause: unknown): ModelyardError {
  if (cause instanceof ModelyardError) return cause;
  const { name, code } = cause as { readonly name?: string; readonly code?: string | number };
  if (name === 'TimeoutError') {
    return new ModelyardError('gateway_timeout', 'The receiver did not answer in time.', { retryable: true, cause });
  }
  const detail = typeof code === 'string' ? ` (${code})` : '';
  return new ModelyardError('bad_gateway', `The receiver cannot be reached${detail}.`, { retryable: true, cause });
}
