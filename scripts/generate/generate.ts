import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
