export interface OutboundRequest {
  readonly url: string;
  /** @default 'GET' */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the start of name resolution to the last byte. */
  readonly timeoutMs: number;
  /** Redirects that are followed; each is judged like the first URL. @default 0 */
  readonly maxRedirects?: number;
  readonly signal?: AbortSignal;
}

export interface OutboundAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The first bytes of the body, `MAX_ANSWER_BYTES` at most. */
  readonly body: Uint8Array;
}

export const MAX_ANSWER_BYTES = 64 * 1024;

export interface Email {
  /** The same in every attempt. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface DownloadTarget {
  /** A local file, which must not exist. */
  readonly path: string;
  /** Bytes. */
  readonly maxBytes: number;
}

/**
 * Sends requests to addresses of the public Internet and to listed hosts, and nowhere else. Rejects with
 * `invalid_request` for a URL that may not be called, and with `bad_gateway` or `gateway_timeout`, both retryable, for a
 * receiver that does not answer.
 */
export interface Outbound {
  /** Throws `invalid_request` for a URL that may not be called, as far as its text tells. */
  check(url: string): void;
  /** The status and the beginning of the body. The rest is not read. */
  send(request: OutboundRequest): Promise<OutboundAnswer>;
  /**
   * Writes the body of an answer with status 200 into a file. Rejects with `body_too_large` for a longer one, and may
   * leave a part of the file then.
   */
  download(request: OutboundRequest, target: DownloadTarget): Promise<OutboundAnswer>;
}
