import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { isModelName, ModelyardError } from '#core';
import { ROOT } from '#local/instance-command.ts';
import { Misuse } from '../arguments.ts';
import { exampleRequest, type ModelDraft } from './draft.ts';
import { containerDraft, type Described, pythonDraft, typescriptDraft } from './templates.ts';
import { foldersOf, writeModel } from './write-model.ts';

export interface InitOptions {
  readonly name: string;
  readonly onnx?: string;
  readonly python?: boolean;
  readonly typescript?: boolean;
  readonly container?: string;
  /** A running server whose description makes the contract. */
  readonly from?: string;
  readonly port?: number;
  readonly image?: string;
  /** The folder of a Dockerfile, from the folder of the model. */
  readonly build?: string;
  readonly command?: string;
  readonly description?: string;
}

/** Writes a new model and generates its messages. Resolves with what to do next. Rejects with one sentence. */
export async function init(options: InitOptions): Promise<string> {
  const { name } = options;
  assertUsable(options);
  const draft = await draftOf(lacksSource(options) ? { ...options, build: '.' } : options);
  const { proto, folder } = foldersOf(name);
  await writeModel(ROOT, name, draft);
  return [
    `Wrote ${pathOf(proto)} and ${pathOf(folder)}.`,
    ...draft.notes,
    'Try it:',
    relative('', ROOT) === '' ? '  npm start' : '  npx modelyard start',
    `  curl -X POST http://localhost:8000/predict/${name} -H "Content-Type: application/json" -d '${exampleRequest(draft.contract)}'`,
    '',
  ].join('\n');
}

/** As it is called from the current folder. */
const pathOf = (path: string): string => relative('', join(ROOT, path));

const refused = (message: string): ModelyardError => new ModelyardError('invalid_request', message);

/** Whether it is not said where the container comes from. */
export const lacksSource = ({ container, image, build, command }: InitOptions): boolean =>
  container !== undefined && (image ?? build ?? command) === undefined;

/** Throws one sentence when something that is given cannot be used. */
export function assertUsable(options: InitOptions): void {
  const { name, onnx, python, typescript, container, from, port, image, build, command } = options;
  if (!isModelName(name))
    throw new Misuse(`A model's name is lower-case snake_case of at most 48 characters, not ${name}.`);
  const kinds = Object.entries({ onnx, python, typescript, container }).filter(([, value]) => value !== undefined);
  if (kinds.length > 1) throw new Misuse(`--${kinds.map(([kind]) => kind).join(' and --')} exclude each other.`);
  const [ofContainer] =
    Object.entries({ from, port, image, build, command }).find(([, value]) => value !== undefined) ?? [];
  if (ofContainer !== undefined && container === undefined) throw new Misuse(`--${ofContainer} needs --container.`);
  if (from !== undefined && !URL.canParse(from)) throw new Misuse(`--from must be a URL, not ${from}.`);
  if (onnx !== undefined && !existsSync(onnx)) throw refused(`There is no file ${onnx}.`);
  const { proto, folder } = foldersOf(name);
  for (const path of [proto, folder]) {
    if (existsSync(resolve(ROOT, path))) throw refused(`${path} exists already; choose another name or delete it.`);
  }
}

async function draftOf(options: InitOptions): Promise<ModelDraft> {
  const { onnx, typescript, container } = options;
  const described = { name: options.name, description: options.description ?? `Describe ${options.name} here.` };
  if (onnx !== undefined) return (await import('./onnx-draft.ts')).onnxDraft(described, resolve(onnx));
  if (typescript) return typescriptDraft(described);
  if (container !== undefined) return containerDraftOf(described, container, options);
  return pythonDraft(described);
}

async function containerDraftOf(described: Described, protocol: string, options: InitOptions): Promise<ModelDraft> {
  const { from, port } = options;
  if (from === undefined) return containerDraft(described, { ...options, protocol });
  const { servedContract } = await import('./server-draft.ts');
  const served = await servedContract(protocol, from, described.name);
  const ownPort = Number(new URL(from).port) || undefined;
  return containerDraft(described, { ...options, port: port ?? ownPort, protocol, ...served });
}
