import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { acceptNewFiles, generate, outdated, unacceptedFiles, write } from '../../scripts/generate/generate.ts';

const ROOT = join(import.meta.dirname, '../..');
const folders: string[] = [];

function copyOfProto(): string {
  const folder = mkdtempSync(join(tmpdir(), 'generate-test-'));
  folders.push(folder);
  cpSync(join(ROOT, 'proto'), join(folder, 'proto'), { recursive: true });
  cpSync(join(ROOT, 'buf.yaml'), join(folder, 'buf.yaml'));
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe('generated message types', () => {
  it('are what generating gives now', () => {
    const expected = generate(ROOT);

    const stale = outdated(ROOT, expected);

    expect(expected.size).toBeGreaterThanOrEqual(5);
    expect(stale).toEqual([]);
  });

  it('are outdated when a .proto file changes, appears or goes', () => {
    const root = copyOfProto();
    const model = (name: string, comment: string) =>
      writeFileSync(
        join(root, `proto/models/${name}.proto`),
        `syntax = "proto3";\npackage models.${name};\n// ${comment}\nmessage M { int64 n = 1; }\n`,
      );
    model('changed', 'Before.');
    model('gone', 'Here.');
    write(root, generate(root));

    model('changed', 'After.');
    model('fresh', 'New.');
    renameSync(join(root, 'proto/models/gone.proto'), join(root, 'gone.proto'));

    expect(outdated(root, generate(root))).toEqual(['models/changed.ts', 'models/fresh.ts', 'models/gone.ts']);
  });

  it('do not change when a line of a .proto file moves', () => {
    const root = copyOfProto();
    const file = join(root, 'proto/models/moved.proto');
    writeFileSync(file, 'syntax = "proto3";\npackage models.moved;\n// One.\nmessage M { int64 n = 1; }\n');
    const before = generate(root);

    writeFileSync(file, '\n\nsyntax = "proto3";\npackage models.moved;\n\n\n// One.\nmessage M {\n int64 n = 1;\n}\n');

    expect(generate(root)).toEqual(before);
  });

  it('reach types of other files, well-known ones included', () => {
    const root = copyOfProto();
    mkdirSync(join(root, 'proto/shared'));
    writeFileSync(
      join(root, 'proto/shared/inner.proto'),
      'syntax = "proto3";\npackage shared;\nmessage Inner { message Deep { bool yes = 1; } }\n',
    );
    writeFileSync(
      join(root, 'proto/models/outer.proto'),
      `syntax = "proto3";
      package models.outer;
      import "google/protobuf/timestamp.proto";
      import "shared/inner.proto";
      message Outer { google.protobuf.Timestamp at = 1; repeated shared.Inner.Deep deep = 2; }`,
    );

    const files = generate(root);

    expect(files.get('models/outer.ts')).toContain('readonly at?: $google_protobuf_Timestamp;');
    expect(files.get('models/outer.ts')).toContain('readonly deep: readonly $shared_Inner_Deep[];');
    expect(files.get('models/outer.ts')).toContain(
      "import type { Inner_Deep as $shared_Inner_Deep } from '../shared/inner.ts';",
    );
    expect(files.get('google/protobuf/timestamp.ts')).toContain('readonly seconds: bigint;');
  });
});

describe('the baseline of the breaking check', () => {
  it('holds every .proto file', () => {
    expect(unacceptedFiles(ROOT)).toEqual([]);
  });

  it('takes new files in, and keeps the accepted ones as they were', () => {
    const root = copyOfProto();
    const file = join(root, 'proto/models/model_b.proto');
    writeFileSync(file, readFileSync(file, 'utf8').replace('int32 value = 1', 'int64 value = 1'));
    writeFileSync(
      join(root, 'proto/models/fresh.proto'),
      'syntax = "proto3";\npackage models.fresh;\n// New.\nmessage M { int64 n = 1; }\n',
    );
    expect(unacceptedFiles(root)).toEqual(['models/fresh.proto']);

    acceptNewFiles(root);

    expect(unacceptedFiles(root)).toEqual([]);
    const breaking = spawnSync(join(ROOT, 'node_modules/.bin/buf'), ['breaking', '--against', 'proto/baseline.binpb'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(breaking.stdout).toContain('model_b.proto');
    expect(breaking.stdout).not.toContain('fresh.proto');
  });
});
