import type { Context } from 'aws-lambda';

/**
 * The fields of an API Gateway proxy event that are read here: those of a REST API (payload version 1)
 * and, where they differ, of an HTTP API (version 2).
 */
export interface ProxyEvent {
  readonly httpMethod?: string;
  /** The path of the route that matched, braces and all. */
  readonly resource?: string;
  readonly path?: string;
  readonly headers?: SingleValues | null;
  readonly multiValueHeaders?: MultiValues | null;
  readonly queryStringParameters?: SingleValues | null;
  readonly multiValueQueryStringParameters?: MultiValues | null;
  readonly pathParameters?: SingleValues | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: {
    readonly requestId?: string;
    readonly authorizer?: Readonly<Record<string, unknown>> | null;
    /** Version 2. */
    readonly http?: { readonly method: string };
  };
  /** Version 2: method and path of the route that matched, `GET /tasks/{id}`; `$default` at a function's own URL. */
  readonly routeKey?: string;
  readonly rawPath?: string;
}

export type SingleValues = Readonly<Record<string, string | undefined>>;
export type MultiValues = Readonly<Record<string, readonly string[] | undefined>>;

/** What a handler answers; API Gateway and the local gateway turn it into HTTP. */
export interface ProxyResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether `body` is base64 of the bytes to send. @default false */
  readonly isBase64Encoded?: boolean;
}

export interface ProxyContext extends Context {
  /** Aborts when the caller has gone; only the local gateway can tell. */
  readonly signal?: AbortSignal;
}

export type ProxyHandler = (event: ProxyEvent, context: ProxyContext) => Promise<ProxyResult>;
