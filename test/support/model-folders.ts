import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A model of a test: its messages are those of `test/fixtures/proto/models/<contract>.proto`. */
export interface WrittenModel {
  readonly folder: string;
  readonly manifest: object;
  readonly contract: string;
  /** Of the names of its messages. */
  readonly prefix: string;
  /** The body of `predict`, as code. */
  readonly predict: string;
}

/** Writes the folder of a model in TypeScript below `root`. */
export function writeModelFolder(root: string, { folder, manifest, contract, prefix, predict }: WrittenModel): void {
  mkdirSync(join(root, folder));
  writeFileSync(join(root, folder, 'manifest.json'), JSON.stringify({ description: 'Of a test.', ...manifest }));
  const code = `
import { defineModel } from '${ROOT}/model-containers/runtime/define-model.ts';
import * as messages from '${ROOT}/test/fixtures/proto/gen/models/${contract}.ts';
import manifest from './manifest.json' with { type: 'json' };

const { ${prefix}Request: request, ${prefix}Response: response } = messages;
export default defineModel({ manifest, request, response, predict: () => { ${predict} } });
`;
  writeFileSync(join(root, folder, 'model.ts'), code);
}
