import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import descriptor from 'protobufjs/ext/descriptor.js';
import type { FileDescriptor } from '../../lib/contract/descriptor/model.ts';
import { decodeFile, joinSet, splitSet } from '../../lib/contract/descriptor/raw.ts';
import { compile, withImports } from './compile.ts';
import { emitFile } from './emit-file.ts';

/** The expected content of `proto/gen`: relative path → TypeScript. */
export function generate(root: string, files = compile(root)): ReadonlyMap<string, string> {
  const own = [...files.values()].filter(({ path }) => existsSync(join(root, 'proto', path)));
  if (own.length === 0) throw new Error(`There is no .proto file under ${join(root, 'proto')}.`);
  for (const { path, syntax } of own) {
    if (syntax !== 'proto3') throw new Error(`proto/${path} is ${syntax}; only proto3 is supported.`);
  }
  const needed = new Set(own.flatMap((file) => withImports(file, files)));
  return new Map([...needed].map((file) => [file.path.replace(/\.proto$/, '.ts'), emitFile(file, files)]));
}

/** Paths under `proto/gen` that are changed, missing, or have no .proto file. */
export function outdated(root: string, expected: ReadonlyMap<string, string>): readonly string[] {
  const folder = join(root, 'proto/gen');
  const present = new Set(listFiles(folder));
  const wrong = [...expected].filter(
    ([path, text]) => !present.has(path) || readFileSync(join(folder, path), 'utf8') !== text,
  );
  return [...wrong.map(([path]) => path), ...[...present].filter((path) => !expected.has(path))].sort();
}

/** Writes `expected` into `proto/gen` and removes other files. */
export function write(root: string, expected: ReadonlyMap<string, string>): void {
  const folder = join(root, 'proto/gen');
  for (const path of outdated(root, expected)) {
    const text = expected.get(path);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (text === undefined) rmSync(join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
}

const listFiles = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .replaceAll('\\', '/'),
        )
    : [];

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
