import type { Context } from 'aws-lambda';
import type { Principal } from '#core';

/**
 * The fields of an API Gateway proxy event that are read: payload version 1 (REST API) and, where different, version 2
 * (HTTP API).
 */
export interface ProxyEvent {
  readonly httpMethod?: string;
  /** The path of the matched route, with parameters in braces. */
  readonly resource?: string;
  readonly path?: string;
  readonly headers?: SingleValues | null;
  readonly multiValueHeaders?: MultiValues | null;
  readonly queryStringParameters?: SingleValues | null;
  readonly multiValueQueryStringParameters?: MultiValues | null;
  readonly pathParameters?: SingleValues | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  /** In place of `body`: its bytes. Only a gateway in the same process can give these. */
  readonly bytes?: Uint8Array;
  readonly requestContext?: {
    readonly requestId?: string;
    readonly authorizer?: Readonly<Record<string, unknown>> | null;
    readonly identity?: { readonly sourceIp?: string | null };
    /** Version 2. */
    readonly http?: { readonly method: string; readonly sourceIp?: string };
  };
  /** Version 2: method and path of the matched route, `GET /tasks/{id}`; `$default` for a function URL. */
  readonly routeKey?: string;
  readonly rawPath?: string;
}

export type SingleValues = Readonly<Record<string, string | undefined>>;
export type MultiValues = Readonly<Record<string, readonly string[] | undefined>>;

/** The response of a handler, for API Gateway or the local gateway. */
export interface ProxyResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether `body` is base64 of the bytes to send. @default false */
  readonly isBase64Encoded?: boolean;
  /**
   * In place of `body`: the bytes to send, one piece after the other. Only a gateway in the same process can send
   * these.
   */
  readonly pieces?: readonly Uint8Array[];
  /** In place of `body`: what is sent as it comes, until it ends. Only after `ProxyContext.openStream`. */
  readonly stream?: AsyncGenerator<string | Uint8Array>;
}

/** A stream that the gateway has let in. Call `close` at its end. */
export interface OpenedStream {
  /** Aborts when the client disconnects or the server stops. */
  readonly signal: AbortSignal;
  close(): void;
}

export interface ProxyContext extends Context {
  /** Set by the local gateway: aborts when the client has disconnected. */
  readonly signal?: AbortSignal;
  /** Set by the local gateway: the request took this long because of a model's run, not because of a queue. */
  readonly ran?: (ms: number) => void;
  /** Set where answers can be streams. Throws `too_many_requests`. */
  readonly openStream?: (caller: Principal) => OpenedStream;
}

export type ProxyHandler = (event: ProxyEvent, context: ProxyContext) => Promise<ProxyResult>;
