import { join } from 'node:path';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { contractOf, type FieldDescriptor, type MessageDescriptor, type TypeIndex, typesOf } from '#contract';
import type { ModelDefinition } from '../../define-model.ts';
import { ModelStartError } from '../model-backend.ts';
import type { ModelFolder } from '../model-folder.ts';
import {
  fieldName,
  isElementType,
  type ReadItem,
  readInput,
  type TensorInput,
  type TensorItem,
  type WriteField,
  writeField,
} from '../tensor-fields.ts';
import { itemsOf, tensorOf } from './tensors.ts';

type Message = Readonly<Record<string, unknown>>;
type Definition = ModelDefinition<unknown, unknown, unknown>;

interface Input extends TensorInput {
  readonly read: ReadItem;
}

interface Output {
  readonly name: string;
  readonly field: string;
  readonly write: WriteField;
}

const BATCHING = { maxSize: 32, maxWaitMs: 2 };

/**
 * Creates a model from `model.onnx`. Requests are batched if the first axis of every input is dynamic. Rejects with
 * `ModelStartError` when the messages do not fit the graph.
 */
export async function onnxModel(folder: string, described: ModelFolder): Promise<Definition> {
  const { manifest, request, response } = described;
  // One thread: an instance has one core.
  const session = await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
  const types = typesOf(contractOf(request, response));
  const isBatched = session.inputMetadata.every((each) => each.isTensor && typeof each.shape[0] === 'string');
  const inputs = inputsOf(session, described, types.message(request.fullName), { types, isBatched });
  const outputs = outputsOf(session, described, types.message(response.fullName), types);

  async function run(items: readonly (readonly TensorItem[])[]): Promise<readonly Message[]> {
    const feeds = Object.fromEntries(
      inputs.map((input, i) => [
        input.name,
        tensorOf(
          input,
          items.map((item) => item[i] as TensorItem),
        ),
      ]),
    );
    const results = await session.run(
      feeds,
      outputs.map(({ name }) => name),
    );
    const columns = outputs.map(({ name }) =>
      itemsOf(name, results[name] as Tensor, { isBatched, count: items.length }),
    );
    return items.map((_, i) =>
      Object.fromEntries(outputs.map(({ field, write }, o) => [field, write(columns[o]?.[i] as TensorItem)])),
    );
  }

  const read = (message: unknown) => inputs.map((input) => input.read(message as Message));
  const base = { request, response, setup: () => warmUp(inputs, run) };
  if (!isBatched)
    return { ...base, manifest, predict: async (_, message) => (await run([read(message)]))[0] as Message };
  return {
    ...base,
    manifest: { batching: BATCHING, ...manifest },
    predictBatch: (_, messages) =>
      runTogether(
        messages.map((message) => attempt(() => read(message))),
        run,
      ),
  };
}

/** Runs items of equal shapes in one batch. An item that is an error is returned unchanged. */
async function runTogether(
  items: readonly (readonly TensorItem[] | Error)[],
  run: (items: readonly (readonly TensorItem[])[]) => Promise<readonly Message[]>,
): Promise<readonly (Message | Error)[]> {
  const answers: (Message | Error)[] = [];
  const groups = new Map<string, { readonly items: (readonly TensorItem[])[]; readonly places: number[] }>();
  items.forEach((item, place) => {
    if (item instanceof Error) {
      answers[place] = item;
      return;
    }
    const key = JSON.stringify(item.map(({ dims }) => dims));
    const group = groups.get(key) ?? { items: [], places: [] };
    groups.set(key, group);
    group.items.push(item);
    group.places.push(place);
  });
  for (const group of groups.values()) {
    const results = await run(group.items);
    group.places.forEach((place, i) => {
      answers[place] = results[i] as Message;
    });
  }
  return answers;
}

function attempt<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    return error as Error;
  }
}

/**
 * Runs the graph once, because the first run allocates and optimizes. The input is zeros, with size 1 for dynamic axes.
 */
async function warmUp(
  inputs: readonly Input[],
  run: (items: readonly (readonly TensorItem[])[]) => Promise<unknown>,
): Promise<void> {
  const zeros = inputs.map(({ dims: open }) => {
    const dims = open.map((size) => size ?? 1);
    return { dims, values: new Array(dims.reduce((product, size) => product * size, 1)).fill(0) };
  });
  // Recovery: a graph may reject zeros; its first request is slow then.
  await run([zeros]).catch(() => undefined);
}

function inputsOf(
  session: InferenceSession,
  { manifest }: ModelFolder,
  message: MessageDescriptor,
  { types, isBatched }: { readonly types: TypeIndex; readonly isBatched: boolean },
): readonly Input[] {
  return session.inputMetadata.map((each) => {
    if (!each.isTensor || !isElementType(each.type)) throw unsupported('input', each);
    const dims = each.shape.map((size) => (typeof size === 'number' ? size : undefined)).slice(isBatched ? 1 : 0);
    const input: TensorInput = { name: each.name, type: each.type, dims, isBatched };
    const wanted = manifest.tensors?.inputs?.[each.name] ?? fieldName(each.name);
    return { ...input, read: readInput(input, wanted, (name) => fieldOf(message, name, each.name), types) };
  });
}

/** Every response field needs an output: a field without one would keep its default. Unused outputs are ignored. */
function outputsOf(
  session: InferenceSession,
  { manifest }: ModelFolder,
  message: MessageDescriptor,
  types: TypeIndex,
): readonly Output[] {
  const { outputs: fields = {}, labels = [] } = manifest.tensors ?? {};
  const found = session.outputMetadata.flatMap((each) => {
    const field = message.fields.find(({ name }) => name === (fields[each.name] ?? fieldName(each.name)));
    if (!field) return [];
    if (!each.isTensor || !isElementType(each.type)) throw unsupported('output', each);
    return [{ name: each.name, field: field.name, write: writeField(field, types, labels) }];
  });
  const missing = message.fields.find(({ name }) => !found.some(({ field }) => field === name));
  if (!missing) return found;
  const known = session.outputNames.join(', ');
  throw new ModelStartError(`No output of model.onnx fills the field ${missing.name}. Its outputs: ${known}.`);
}

function fieldOf({ name: message, fields }: MessageDescriptor, wanted: string, input: string): FieldDescriptor {
  const field = fields.find(({ name }) => name === wanted);
  if (field) return field;
  const known = fields.map(({ name }) => name).join(', ');
  const hint = 'Name its field in `tensors.inputs` of the manifest.';
  throw new ModelStartError(
    `The input ${input} of model.onnx needs a field ${wanted}; ${message} has ${known}. ${hint}`,
  );
}

function unsupported(kind: string, each: InferenceSession.ValueMetadata): ModelStartError {
  const hint = each.isTensor
    ? `has the type ${each.type}, which cannot be served: export the graph with float32.`
    : 'is not a tensor. For scikit-learn, convert with zipmap=False.';
  return new ModelStartError(`The ${kind} ${each.name} of model.onnx ${hint}`);
}
