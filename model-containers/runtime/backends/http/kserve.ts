import type { MessageDescriptor } from '#contract';
import {
  fieldName,
  type ReadItem,
  readInput,
  type TensorInput,
  type TensorItem,
  tensorTypeOf,
  type WriteField,
  writeField,
} from '../tensor-fields.ts';
import { containerFailed, type HttpClient, parseObject, trailHeaders } from './http-client.ts';
import type { HttpProtocol, ProtocolInput } from './protocols.ts';

declare global {
  interface JSON {
    /** Of Node, and not of TypeScript yet. */
    rawJSON(text: string): unknown;
  }
}

/** A tensor in JSON. */
interface WireTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly unknown[];
}

function isTensor(value: unknown): value is WireTensor {
  const { name, shape, data } = (value ?? {}) as Partial<Record<keyof WireTensor, unknown>>;
  return typeof name === 'string' && Array.isArray(shape) && Array.isArray(data);
}

const noTensors = (): Error =>
  containerFailed('The container did not answer with `outputs` that have `name`, `shape` and `data`.');

interface Metadata {
  readonly inputs?: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
}

interface Input extends TensorInput {
  readonly datatype: string;
  readonly read: ReadItem;
}

/** Open Inference Protocol v2: fields of the messages are tensors, one request is a batch of one. */
export function kserveProtocol(input: ProtocolInput): HttpProtocol {
  const { folder, source, types } = input;
  const base = `/v2/models/${source.model ?? folder.manifest.name}`;
  const path = source.path ?? `${base}/infer`;
  const { outputs: mapped = {}, labels = [] } = folder.manifest.tensors ?? {};
  const response = types.message(folder.response.fullName);
  const fields = new Map(response.fields.map((field) => [field.name, writeField(field, types, labels)]));

  return {
    health: source.health ?? '/v2/health/ready',
    isReady: ({ status }) => status === 200,
    async connect(client, ready) {
      await client.untilReady(`${base}/ready`, ({ status }) => status === 200, { signal: ready });
      const inputs = inputsOf(input, await metadataOf(client, base, ready));
      return async (body, context) => {
        const message = folder.request.decode(body) as Readonly<Record<string, unknown>>;
        const tensors = inputs.map((each) => wireTensor(each, each.read(message)));
        const text = Buffer.from(JSON.stringify({ id: context.taskId, inputs: tensors }));
        const call = { path, type: 'application/json', body: text, headers: trailHeaders(context) };
        const { outputs } = parseObject(await client.predict(call, context.signal));
        if (!Array.isArray(outputs) || !outputs.every(isTensor)) throw noTensors();
        return folder.response.encode(responseOf(outputs, { mapped, fields }));
      };
    },
  };
}

/** Servers may leave the metadata out; then the messages say what the tensors are. */
async function metadataOf(client: HttpClient, path: string, signal: AbortSignal): Promise<Metadata> {
  const { status, body } = await client.call({ path, method: 'GET' }, signal);
  return status === 200 ? (parseObject(body) as Metadata) : {};
}

function inputsOf({ folder, types }: ProtocolInput, { inputs: declared = [] }: Metadata): readonly Input[] {
  const message = types.message(folder.request.fullName);
  const mapped = folder.manifest.tensors?.inputs ?? {};
  const field = (name: string) => fieldOf(message, name);
  if (declared.length > 0) {
    return declared.map(({ name, datatype, shape }) => {
      const dims = shape.slice(1).map((size) => (size < 0 ? undefined : size));
      const input: TensorInput = { name, type: tensorTypeOf(datatype), dims, isBatched: true };
      const wanted = mapped[name] ?? fieldName(name);
      return { ...input, datatype, read: readInput(input, wanted, field, types) };
    });
  }
  const inColumns = Object.values(mapped).flat();
  const rest = message.fields.filter(({ name }) => !inColumns.includes(name)).map(({ name }) => [name, name] as const);
  return [...Object.entries(mapped), ...rest].map(([name, wanted]) => {
    const first = field(typeof wanted === 'string' ? wanted : String(wanted[0]));
    const datatype = datatypeOf(first.type.kind === 'scalar' ? first.type.scalar : 'double');
    const isVector = typeof wanted !== 'string' || first.cardinality === 'repeated';
    const dims = isVector ? [undefined] : [];
    const input: TensorInput = { name, type: tensorTypeOf(datatype), dims, isBatched: true };
    return { ...input, datatype, read: readInput(input, wanted, field, types) };
  });
}

function fieldOf({ name: message, fields }: MessageDescriptor, wanted: string) {
  const field = fields.find(({ name }) => name === wanted);
  if (field) return field;
  throw new Error(`${message} has no field ${wanted}. Name the field in \`tensors.inputs\` of the manifest.`);
}

function datatypeOf(scalar: string): string {
  if (scalar === 'double') return 'FP64';
  if (scalar === 'float') return 'FP32';
  if (scalar === 'bool') return 'BOOL';
  if (scalar === 'string' || scalar === 'bytes') return 'BYTES';
  const bits = scalar.endsWith('64') ? '64' : '32';
  return `${scalar.startsWith('u') ? 'U' : ''}INT${bits}`;
}

const wireTensor = ({ name, datatype }: Input, { dims, values }: TensorItem): WireTensor => ({
  name,
  shape: [1, ...dims],
  datatype,
  // A number of JavaScript has 53 bits.
  data: Array.from(values, (value) => (typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value)),
});

interface Writers {
  readonly mapped: Readonly<Record<string, string>>;
  readonly fields: ReadonlyMap<string, WriteField>;
}

/** Outputs that no field takes are left out. */
const responseOf = (outputs: readonly WireTensor[], { mapped, fields }: Writers): Record<string, unknown> =>
  Object.fromEntries(
    outputs.flatMap(({ name, shape, data }) => {
      const field = mapped[name] ?? fieldName(name);
      const write = fields.get(field);
      // Servers may nest the data by rows.
      const values = data.flat(Number.POSITIVE_INFINITY) as unknown[];
      return write ? [[field, write({ values, dims: shape.slice(1) })]] : [];
    }),
  );
