import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import descriptor from 'protobufjs/ext/descriptor.js';
import type { FileDescriptor } from '../../lib/contract/descriptor/model.ts';
import { joinSet, splitSet } from '../../lib/contract/descriptor/raw.ts';
import { readDescriptorSet } from '../../lib/contract/descriptor/read.ts';

/**
 * Compiles every .proto file of the module at `root` (the folder with buf.yaml). Keeps comments; imports come first.
 */
export function compile(root: string): ReadonlyMap<string, FileDescriptor> {
  const folder = mkdtempSync(join(tmpdir(), 'generate-'));
  try {
    const image = join(folder, 'image.binpb');
    buf(root, ['build', '--as-file-descriptor-set', '--output', image]);
    return new Map(
      readDescriptorSet(joinSet(splitSet(readFileSync(image)).map(tidySourceInfo))).map((file) => [file.path, file]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs buf with its output on the terminal. Throws when buf fails. */
export function buf(root: string, args: readonly string[]): void {
  const program = join(import.meta.dirname, '../../node_modules/.bin/buf');
  execFileSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** A file and its imports, each once, imports first: the content of its descriptor set. */
export function withImports(
  file: FileDescriptor,
  files: ReadonlyMap<string, FileDescriptor>,
): readonly FileDescriptor[] {
  const found = new Set<FileDescriptor>();
  const visit = (each: FileDescriptor): void => {
    for (const path of each.imports) {
      const imported = files.get(path);
      if (imported && !found.has(imported)) visit(imported);
    }
    found.add(each);
  };
  visit(file);
  return [...found];
}

interface Location {
  readonly path: readonly number[];
  readonly leadingComments?: string;
  readonly trailingComments?: string;
}

/**
 * Reduces the source info of a serialized FileDescriptorProto to its comments. Positions are removed, because moving a
 * line must not change the contract's hash.
 */
function tidySourceInfo(file: Uint8Array): Uint8Array {
  const decoded = descriptor.FileDescriptorProto.decode(file) as unknown as {
    sourceCodeInfo?: { location: readonly Location[] };
  };
  if (!decoded.sourceCodeInfo) return file;
  const commented = decoded.sourceCodeInfo.location.filter(
    (location) => location.leadingComments || location.trailingComments,
  );
  decoded.sourceCodeInfo = {
    location: commented.map(({ path, leadingComments, trailingComments }) => ({
      path,
      // Readers expect three or four numbers.
      span: [0, 0, 0],
      ...(leadingComments ? { leadingComments } : {}),
      ...(trailingComments ? { trailingComments } : {}),
    })),
  };
  return descriptor.FileDescriptorProto.encode(decoded).finish();
}
