import type { ContainerProtocol, ContainerSource } from '#catalog/manifest.ts';
import { type ContractCodec, contractOf, loadContract, type TypeIndex, typesOf } from '#contract';
import type { PredictContext } from '../../define-model.ts';
import type { ModelFolder } from '../model-folder.ts';
import { cogProtocol } from './cog.ts';
import { type HttpAnswer, type HttpClient, isOk, JSON_TYPE, parse, trailHeaders } from './http-client.ts';
import { kserveProtocol } from './kserve.ts';
import type { TakeReport } from './reports.ts';

interface ContainerContext extends PredictContext {
  /** Where the container may report during the run. */
  readonly reportUrl: string;
}

/** Answers one encoded request with the response, as bytes of the message or as JSON. */
export type Predict = (body: Uint8Array, context: ContainerContext) => Promise<Answer>;
type Answer = Uint8Array | { readonly json: unknown };

export interface HttpProtocol {
  readonly health: string;
  readonly isReady: (answer: HttpAnswer) => boolean;
  /** Reads what the container reports during one run. @default `takeReport` */
  readonly takeReport?: (context: PredictContext) => TakeReport;
  /** Called when the container is ready. */
  readonly connect: (client: HttpClient, signal: AbortSignal) => Promise<Predict>;
}

export interface ProtocolInput {
  readonly folder: ModelFolder;
  readonly source: ContainerSource;
  readonly codec: ContractCodec;
  readonly types: TypeIndex;
}

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
