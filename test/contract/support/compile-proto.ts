import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Contract, contractHash } from '#contract';
import { buf } from '../../../scripts/generate/compile.ts';

/** Compiles .proto texts by path into a descriptor set, imports and comments included. */
export function compileProto(files: Readonly<Record<string, string>>): Uint8Array {
  return inFolder((folder) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    buf(folder, ['build', '--as-file-descriptor-set', '--output', join(folder, 'image.binpb')]);
    return new Uint8Array(readFileSync(join(folder, 'image.binpb')));
  });
}

/** Runs something in a folder that is gone afterwards. */
export function inFolder<T>(run: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'schema-test-'));
  try {
    return run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function contractFrom(
  descriptorSet: Uint8Array,
  requestMessage: string,
  responseMessage = requestMessage,
): Contract {
  const contract = { requestMessage, responseMessage, descriptorSet };
  return { ...contract, hash: contractHash(contract) };
}

/** The contract of `everything.proto`, for both sides the message with a field of every kind. */
export const everything = (): Contract => {
  const text = readFileSync(join(import.meta.dirname, 'everything.proto'), 'utf8');
  return contractFrom(compileProto({ 'everything.proto': text }), 'test.everything.Everything');
};
