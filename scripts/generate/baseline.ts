import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import descriptor from 'protobufjs/ext/descriptor.js';
import type { FileDescriptor } from '../../lib/contract/descriptor/model.ts';
import { decodeFile, joinSet, splitSet } from '../../lib/contract/descriptor/raw.ts';
import { compile } from './compile.ts';

/** The accepted contracts, relative to the root. */
const BASELINE = 'proto/baseline.binpb';

/** Compiled files that are missing in the baseline. The breaking check ignores these. */
export function unacceptedFiles(root: string): readonly string[] {
  return missingFrom(readBaseline(root), compile(root)).map(({ path }) => path);
}

/** Adds new files to the baseline. Existing ones change only by `npm run proto:accept`. */
export function acceptNewFiles(root: string): void {
  const baseline = readBaseline(root);
  const missing = missingFrom(baseline, compile(root));
  if (missing.length === 0) return;
  writeFileSync(join(root, BASELINE), joinSet([...baseline, ...missing.map(({ bytes }) => withoutComments(bytes))]));
}

const readBaseline = (root: string): readonly Uint8Array[] =>
  existsSync(join(root, BASELINE)) ? splitSet(readFileSync(join(root, BASELINE))) : [];

function missingFrom(
  baseline: readonly Uint8Array[],
  files: ReadonlyMap<string, FileDescriptor>,
): readonly FileDescriptor[] {
  const accepted = new Set(baseline.map((file) => decodeFile(file).name));
  return [...files.values()].filter(({ path }) => !accepted.has(path));
}

function withoutComments(file: Uint8Array): Uint8Array {
  const decoded = descriptor.FileDescriptorProto.decode(file) as unknown as { sourceCodeInfo?: unknown };
  delete decoded.sourceCodeInfo;
  return descriptor.FileDescriptorProto.encode(decoded).finish();
}
