import { createServer, type IncomingMessage, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { parse } from 'protobufjs';
import { listenOnFreePort } from './listen.ts';

/** A span as a collector gets it. */
export interface ReceivedSpan {
  /** `service.name` of its process. */
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  /** In hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
}

/** The fields of opentelemetry/proto/trace/v1/trace.proto that tests read. */
const PROTO = `syntax = "proto3";
message Export { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
}
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }`;

const EXPORT = parse(PROTO).root.lookupType('Export');

interface WireAttributes {
  readonly attributes?: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

interface WireSpan extends WireAttributes {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
}

interface WireExport {
  readonly resourceSpans?: readonly {
    readonly resource: WireAttributes;
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** Receives OTLP over HTTP, as protobuf of processes, or as JSON of a collector. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** The requests so far. */
  readonly requests: { readonly path: string; readonly type: string }[] = [];
  readonly #server: Server;
  #url = '';

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#receive(request).then(
        () => response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end(),
        (error: unknown) => response.writeHead(400).end(String(error)),
      );
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.#url = await listenOnFreePort(receiver.#server);
    return receiver;
  }

  get url(): string {
    return this.#url;
  }

  async #receive(request: IncomingMessage): Promise<void> {
    const type = request.headers['content-type'] ?? '';
    this.requests.push({ path: request.url ?? '', type });
    const body = await buffer(request);
    const message = type === 'application/json' ? JSON.parse(body.toString()) : ofProtobuf(body);
    this.spans.push(...spansOf(message as WireExport));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

/** In the JSON of OTLP, ids are hexadecimal digits. */
function ofProtobuf(body: Buffer): unknown {
  const read = EXPORT.toObject(EXPORT.decode(body), { longs: String, bytes: Array });
  return JSON.parse(JSON.stringify(read), (key, value) =>
    /Id$/.test(key) && Array.isArray(value) ? Buffer.from(value).toString('hex') : value,
  );
}

const spansOf = ({ resourceSpans = [] }: WireExport): ReceivedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        service: String(attributesOf(resource)['service.name']),
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentSpanId ?? '',
        startMs: Number(span.startTimeUnixNano) / 1e6,
        endMs: Number(span.endTimeUnixNano) / 1e6,
        attributes: attributesOf(span),
        isError: span.status?.code === 2,
      })),
    ),
  );

const attributesOf = ({ attributes = [] }: WireAttributes): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value: { intValue, ...value } }) => [
      key,
      intValue === undefined ? Object.values(value)[0] : Number(intValue),
    ]),
  );
