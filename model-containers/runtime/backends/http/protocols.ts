import type { ContainerProtocol, ContainerSource } from '#catalog/manifest.ts';
import {
  type ContractCodec,
  contractOf,
  loadContract,
  type MessageDescriptor,
  type TypeIndex,
  typesOf,
} from '#contract';
import type { PredictContext } from '../../define-model.ts';
import type { ModelFolder } from '../model-folder.ts';
import { type HttpAnswer, type HttpClient, parse, trailHeaders } from './http-client.ts';
import { kserveProtocol } from './kserve.ts';

/** Answers one encoded request with the response, as bytes of the message or as JSON. */
export type Predict = (body: Uint8Array, context: PredictContext) => Promise<Uint8Array | { readonly json: unknown }>;

export interface HttpProtocol {
  readonly health: string;
  readonly isReady: (answer: HttpAnswer) => boolean;
  /** Called when the container is ready. */
  readonly connect: (client: HttpClient, signal: AbortSignal) => Promise<Predict>;
}

export interface ProtocolInput {
  readonly folder: ModelFolder;
  readonly source: ContainerSource;
  readonly codec: ContractCodec;
  readonly types: TypeIndex;
}

const JSON_TYPE = 'application/json';
const isOk = ({ status }: HttpAnswer): boolean => status >= 200 && status < 300;

/** Posts the canonical JSON of the request, and takes that of the response. */
const jsonProtocol = ({ source, codec }: ProtocolInput, path: string, health: string): HttpProtocol => ({
  health: source.health ?? health,
  isReady: isOk,
  connect: async (client) => async (body, context) => {
    const text = Buffer.concat(codec.request.toJson(body));
    const call = { path: source.path ?? path, type: JSON_TYPE, body: text, headers: trailHeaders(context) };
    return { json: parse(await client.predict(call, context.signal)) };
  },
});

const protobufProtocol = ({ source }: ProtocolInput): HttpProtocol => ({
  health: source.health ?? '/health',
  isReady: isOk,
  connect: async (client) => (body, context) => {
    const call = { path: source.path ?? '/predict', type: 'application/x-protobuf', body };
    return client.predict({ ...call, headers: trailHeaders(context) }, context.signal);
  },
});

/** Cog answers 200 with the state of a prediction, also of one that failed. */
const cogProtocol = ({ source, codec, types, folder }: ProtocolInput): HttpProtocol => ({
  health: source.health ?? '/health-check',
  isReady: (answer) => isOk(answer) && (parse(answer.body) as { readonly status?: string }).status === 'READY',
  connect: async (client) => async (body, context) => {
    const { signal, taskId } = context;
    const path = `${source.path ?? '/predictions'}/${taskId}`;
    const input = Buffer.concat(codec.request.toJson(body)).toString();
    const onAbort = () =>
      void client.call({ path: `${path}/cancel` }, AbortSignal.timeout(CANCEL_MS)).catch(() => undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const text = Buffer.from(`{"input":${input}}`);
      const call = { path, method: 'PUT', type: JSON_TYPE, body: text, headers: trailHeaders(context) } as const;
      const { status, output, error } = parse(await client.predict(call, signal)) as CogPrediction;
      if (status === 'succeeded') return { json: outputOf(output, types.message(folder.response.fullName)) };
      throw Object.assign(new Error(error ?? `The prediction ended as ${status}.`), { code: 'container_failed' });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  },
});

interface CogPrediction {
  readonly status: string;
  readonly output?: unknown;
  readonly error?: string;
}

const CANCEL_MS = 5000;

/** An output that is no object fills the only field of the response. */
function outputOf(output: unknown, { fields }: MessageDescriptor): unknown {
  const [only, ...others] = fields;
  const isObject = typeof output === 'object' && output !== null && !Array.isArray(output);
  return isObject || !only || others.length > 0 ? output : { [only.name]: output };
}

const PROTOCOLS: Record<ContainerProtocol, (input: ProtocolInput) => HttpProtocol> = {
  json: (input) => jsonProtocol(input, '/predict', '/health'),
  protobuf: protobufProtocol,
  sagemaker: (input) => jsonProtocol(input, '/invocations', '/ping'),
  kserve: kserveProtocol,
  cog: cogProtocol,
};

export async function protocolOf(folder: ModelFolder, source: ContainerSource): Promise<HttpProtocol> {
  const contract = contractOf(folder.request, folder.response);
  return PROTOCOLS[source.protocol]({ folder, source, codec: await loadContract(contract), types: typesOf(contract) });
}
