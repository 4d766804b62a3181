import type { ModelManifest } from '#catalog/manifest.ts';
import type { MessageType } from '#contract';
import { ModelStartError } from './model-backend.ts';
import { readParts } from './model-parts.ts';

/** A Python or ONNX model. Its folder name determines its manifest and its messages. */
export interface ModelFolder {
  readonly manifest: ModelManifest;
  readonly request: MessageType<unknown>;
  readonly response: MessageType<unknown>;
}

/** Reads the manifest of a folder and the generated messages of its contract. Rejects with `ModelStartError`. */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const { manifest, messages } = await readParts(folder);
  const { name } = manifest;
  return {
    manifest,
    request: messageOf(messages, name, 'Request'),
    response: messageOf(messages, name, 'Response'),
  };
}

/** The only message with this suffix. If there are several, the one whose prefix is the model name. */
function messageOf(messages: Record<string, unknown>, name: string, ending: string): MessageType<unknown> {
  const found = Object.values(messages)
    .filter(isMessageType)
    .filter(({ fullName }) => fullName.endsWith(ending));
  const wanted = `.${name.replaceAll('_', '')}${ending}`.toLowerCase();
  const own = found.find(({ fullName }) => fullName.toLowerCase().endsWith(wanted));
  const [only, ...others] = found;
  if (own ?? (only && others.length === 0)) return (own ?? only) as MessageType<unknown>;
  const count = found.length === 0 ? 'none' : found.map(({ fullName }) => fullName).join(', ');
  const rule = `one message whose name ends with ${ending}`;
  throw new ModelStartError(`proto/models/${name}.proto must define ${rule}; it defines ${count}.`);
}

const isMessageType = (value: unknown): value is MessageType<unknown> =>
  typeof value === 'object' && value !== null && 'fullName' in value && 'descriptorSet' in value;
