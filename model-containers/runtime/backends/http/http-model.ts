import type { ContractCodec, MessageDescriptor, MessageType, TypeIndex } from '#contract';
import { contractOf, InvalidMessageError, loadContract, typesOf } from '#contract';
import type { ModelDefinition } from '../../define-model.ts';
import { ModelStartError } from '../model-backend.ts';
import type { ModelFolder } from '../model-folder.ts';
import { type ContainerProcess, startContainer } from './container-process.ts';
import { HttpClient } from './http-client.ts';
import { type Predict, protocolOf } from './protocols.ts';
import { ReportServer, takeReport } from './reports.ts';

type Answer = Awaited<ReturnType<Predict>>;

/** What `setup` makes. */
interface Connected {
  readonly predict: Predict;
  readonly reports: ReportServer;
}

export interface HttpModelOptions {
  readonly folder: string;
  readonly described: ModelFolder;
  /** Where the container listens, when it runs already. */
  readonly url: string | undefined;
}

/**
 * The model of a container. Its `setup` starts the command, when there is no container yet, and waits until it is ready.
 * The process ends when the command ends, and is started again with it.
 */
export async function httpModel(options: HttpModelOptions): Promise<ModelDefinition<Uint8Array, Answer, Connected>> {
  const { manifest, request, response } = options.described;
  const source = manifest.container;
  if (!source) throw new ModelStartError(`The manifest of ${manifest.name} has no container.`);
  const protocol = await protocolOf(options.described, source);
  const codec = await loadContract(contractOf(request, response));
  const types = typesOf(contractOf(request, response));

  return {
    manifest,
    request: { ...named(request), decode: (bytes) => bytes, encode: (bytes) => bytes as Uint8Array },
    response: {
      ...named(response),
      decode: (bytes) => bytes,
      encode(answer) {
        if (answer instanceof Uint8Array) {
          codec.response.check(answer);
          return answer;
        }
        const known = knownFields((answer as { json: unknown }).json, types.message(response.fullName), types);
        return encoded(codec, known);
      },
    },
    async setup({ signal, logger }) {
      const process = await containerOf(options);
      const client = new HttpClient(process.url);
      const started = AbortSignal.any([signal, abortedBy(process.ended)]);
      const { localAddress } = await client.untilReady(protocol.health, protocol.isReady, {
        signal: started,
        onWaiting: (reason) => logger.info('Waiting until the container is ready.', { reason }),
      });
      // Nobody handles it, so it ends this process.
      void process.ended.then(() => undefined);
      // The container answered to this address, so it reaches it: loopback, or that of a network of containers.
      const reports = await ReportServer.start(localAddress);
      return { predict: await protocol.connect(client, signal), reports };
    },
    async predict({ predict, reports }, body, context) {
      const { url: reportUrl, close } = reports.open((protocol.takeReport ?? takeReport)(context));
      try {
        return (await predict(body, { ...context, reportUrl })) as Partial<Answer>;
      } finally {
        close();
      }
    },
  };
}

/** An error names the first problem, because nobody sees the body. */
function encoded(codec: ContractCodec, json: unknown): Uint8Array {
  try {
    return codec.response.fromJson(Buffer.from(JSON.stringify(json)));
  } catch (error) {
    const [first] = error instanceof InvalidMessageError ? error.errors : [];
    if (!first) throw error;
    throw new Error(`${first.pointer || 'the body'}: ${first.message}`, { cause: error });
  }
}

const named = ({ fullName, descriptorSet }: MessageType<unknown>) => ({ fullName, descriptorSet });

async function containerOf({ folder, described, url }: HttpModelOptions): Promise<ContainerProcess> {
  const { name, container } = described.manifest;
  if (url !== undefined) return { url, ended: new Promise(() => undefined) };
  if (container?.command) return startContainer(container.command, folder);
  const steps = 'Start it and name its address in MODELYARD_CONTAINER_URL, or add a command to the manifest.';
  throw new ModelStartError(`The container of ${name} is not started here. ${steps}`);
}

function abortedBy(ended: Promise<never>): AbortSignal {
  const controller = new AbortController();
  ended.catch((error) => controller.abort(error));
  return controller.signal;
}

/** Without the fields that the message does not have: servers may say more than the contract. */
function knownFields(value: unknown, message: MessageDescriptor, types: TypeIndex): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = new Map(message.fields.flatMap((field) => [field.name, field.jsonName].map((name) => [name, field])));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => {
      const field = fields.get(name);
      if (!field) return [];
      const { type, cardinality } = field;
      if (type.kind !== 'message' || type.typeName.startsWith('google.protobuf.')) return [[name, part]];
      const inner = types.message(type.typeName);
      if (cardinality === 'single') return [[name, knownFields(part, inner, types)]];
      if (Array.isArray(part)) return [[name, part.map((each) => knownFields(each, inner, types))]];
      if (typeof part !== 'object' || part === null) return [[name, part]];
      return [
        [name, Object.fromEntries(Object.entries(part).map(([key, each]) => [key, knownFields(each, inner, types)]))],
      ];
    }),
  );
}
