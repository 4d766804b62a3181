import { join } from 'node:path';
import { type ContractDraft, type ModelDraft, pascalCase } from './draft.ts';

/** What every manifest has. */
export interface Described {
  readonly name: string;
  readonly description: string;
}

/** A contract to be edited. */
const EXAMPLE: ContractDraft = {
  request: [{ name: 'values', type: 'double', kind: 'repeated', comment: 'What the model reads.' }],
  response: [{ name: 'score', type: 'double', kind: 'single', comment: 'What it answers.' }],
};

const noteOf = (name: string): string =>
  `Edit proto/models/${name}.proto to the fields that you need, and run npm run generate after it.`;

export const manifestJson = (manifest: object): string => `${JSON.stringify(manifest, undefined, 2)}\n`;

export function pythonDraft(described: Described): ModelDraft {
  const prefix = pascalCase(described.name);
  return {
    contract: EXAMPLE,
    files: {
      'manifest.json': manifestJson(described),
      'requirements.txt': '# Packages of the model, one per line, for example scikit-learn==1.7.2\n',
      'model.py': `from messages import ${prefix}Request, ${prefix}Response
from modelyard import InvalidInput, Model


class ${prefix}(Model):
    def setup(self) -> None:  # Once per process, before the first task. Load weights here.
        self.weight = 1.0

    def predict(self, request: ${prefix}Request) -> ${prefix}Response:
        if not request.values:
            raise InvalidInput("There are no values.")
        return ${prefix}Response(score=self.weight * sum(request.values))
`,
    },
    notes: [noteOf(described.name)],
  };
}

export function typescriptDraft(described: Described): ModelDraft {
  const prefix = pascalCase(described.name);
  const { name } = described;
  return {
    contract: EXAMPLE,
    files: {
      'manifest.ts': `import type { ModelManifest } from '#catalog/manifest.ts';

export const manifest = {
  name: ${quoted(name)},
  description: ${quoted(described.description)},
} as const satisfies ModelManifest;
`,
      'model.ts': `import { ${prefix}Request, ${prefix}Response } from '#proto/models/${name}.ts';
import { defineModel, InvalidInput } from '#runtime/define-model.ts';
import { manifest } from './manifest.ts';

export default defineModel({
  manifest,
  request: ${prefix}Request,
  response: ${prefix}Response,
  setup: () => ({ weight: 1 }),
  predict({ weight }, { values }) {
    if (values.length === 0) throw new InvalidInput('There are no values.');
    return { score: values.reduce((sum, value) => sum + weight * value, 0) };
  },
});
`,
    },
    notes: [noteOf(name)],
  };
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

interface Container {
  readonly protocol: string;
  /** @default 8080 */
  readonly port?: number | undefined;
  readonly image?: string;
  readonly build?: string;
  readonly command?: string;
  /** As the running server describes it. @default a contract to be edited */
  readonly contract?: ContractDraft;
  /** Fields of the manifest that map tensors. */
  readonly tensors?: object;
}

export function containerDraft(described: Described, given: Container): ModelDraft {
  const { protocol, port = 8080, image, build, command, contract = EXAMPLE, tensors } = given;
  const source = {
    ...(image === undefined ? {} : { image }),
    ...(build === undefined ? {} : { build }),
    ...(command === undefined ? {} : { command: command.trim().split(/\s+/) }),
  };
  const container = { protocol, port, ...source };
  return {
    contract,
    files: { 'manifest.json': manifestJson({ ...described, container, ...(tensors ? { tensors } : {}) }) },
    notes: [
      ...(contract === EXAMPLE ? [noteOf(described.name)] : []),
      ...(build === undefined
        ? []
        : [`Put the Dockerfile of the container into ${join('model-containers/models', described.name, build)}.`]),
      ...(command === undefined
        ? ['npm start runs a `command`; a container that runs elsewhere is named by MODELYARD_CONTAINER_URL.']
        : []),
    ],
  };
}
