import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestFault } from '#catalog/check-manifest.ts';
import { discoverModels } from '#catalog/discover-models.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'modelyard-models-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function folder(name: string, files: Record<string, string>): Promise<void> {
  await mkdir(join(root, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(root, name, file), text);
}
const manifest = (fields: object) => `export const manifest = ${JSON.stringify(fields)};`;

describe('discovering models', () => {
  it('finds every sound folder and says in one sentence what is wrong with each other one', async () => {
    await folder('sound', { 'manifest.ts': manifest({ name: 'sound', description: 'A test.' }), 'model.ts': '' });
    await folder('in_json', { 'manifest.json': '{ "name": "in_json", "description": "A test." }', 'model.py': '' });
    await folder('renamed', { 'manifest.ts': manifest({ name: 'other', description: 'A test.' }), 'model.ts': '' });
    await folder('unwritten', { 'manifest.ts': manifest({ name: 'unwritten', description: 'A test.' }) });
    await folder('throwing', { 'manifest.ts': `throw new Error('not today');`, 'model.ts': '' });
    await folder('empty', {});
    await folder('.hidden', {});
    await writeFile(join(root, 'README.md'), 'not a model');

    const { models, faults } = await discoverModels([root]);

    expect(models).toEqual([
      { folder: join(root, 'in_json'), kind: 'python', manifest: { name: 'in_json', description: 'A test.' } },
      { folder: join(root, 'sound'), kind: 'typescript', manifest: { name: 'sound', description: 'A test.' } },
    ]);
    expect(faults.map((fault) => fault.slice(fault.lastIndexOf('modelyard-models-')).replace(/^[^/]+\//, ''))).toEqual([
      'empty is ignored: it has no manifest.ts or manifest.json.',
      'renamed/manifest.ts is ignored: name must be that of its folder, renamed, not other.',
      'throwing/manifest.ts is ignored: not today.',
      'unwritten is ignored: it has none of model.ts, model.py, model.onnx.',
    ]);
  });

  it('takes a relative folder from where the process runs', async () => {
    await folder('sound', { 'manifest.ts': manifest({ name: 'sound', description: 'A test.' }), 'model.ts': '' });

    const { models } = await discoverModels([relative(process.cwd(), root)]);

    expect(models.find(({ manifest: { name } }) => name === 'sound')?.folder).toBe(join(root, 'sound'));
  });

  it('says which folder is not there', async () => {
    const missing = join(root, 'nowhere');

    await expect(discoverModels([missing])).rejects.toThrow(`The model folder ${missing} cannot be listed: ENOENT.`);
  });

  it('leaves out a second model of the same name', async () => {
    await folder('twin', { 'manifest.ts': manifest({ name: 'twin', description: 'A test.' }), 'model.ts': '' });

    const { models, faults } = await discoverModels([root, root]);

    expect(models.filter((model) => model.manifest.name === 'twin')).toHaveLength(1);
    expect(faults).toContainEqual(expect.stringMatching(/twin is ignored: there is already a model twin\.$/));
  });
});

describe('checking a manifest', () => {
  const sound = { name: 'probe', description: 'A test.' };

  it('accepts every field in its range', () => {
    const full = {
      ...sound,
      variants: ['Small', 'Large_2'],
      slots: 4,
      batching: { maxSize: 32, maxWaitMs: 0 },
      localInstances: 0,
      tensors: { inputs: { X: ['a', 'b'], y: 'c' }, outputs: { label: 'decision' }, labels: ['no', 'yes'] },
      cpu: 1024,
      memoryMiB: 2048,
      maxAttempts: 1,
      timeoutSeconds: 900,
      maxInstances: 3,
      maxBacklog: 1000,
      acceptWhenAsleep: false,
      idleSeconds: 60,
    };

    expect(manifestFault(full, 'probe')).toBeUndefined();
  });

  it.each([
    [undefined, 'exports no manifest'],
    [{ ...sound, name: 'Probe' }, 'name must be lower-case snake_case'],
    [{ name: 'probe' }, 'description must be one line of text'],
    [{ ...sound, slots: 0 }, 'slots must be a whole number from 1 to 1000, not 0'],
    [{ ...sound, slots: 1.5 }, 'slots must be a whole number'],
    [{ ...sound, timeoutSeconds: '60' }, 'timeoutSeconds must be a whole number from 1 to 43200, not "60"'],
    [{ ...sound, cpu: 300 }, 'cpu must be one of 256'],
    [{ ...sound, memoryMiB: 700 }, 'memoryMiB must be one of 512, 1024, 2048 with this cpu, not 700'],
    [{ ...sound, cpu: 1024 }, 'memoryMiB must be a multiple of 1024 from 2048 to 8192 with this cpu, not 512'],
    [{ ...sound, cpu: 512, memoryMiB: 1500 }, 'memoryMiB must be a multiple of 1024 from 1024 to 4096 with this cpu'],
    [{ ...sound, cpu: 8192, memoryMiB: 65_536 }, 'memoryMiB must be a multiple of 4096 from 16384 to 61440'],
    [{ ...sound, variants: [] }, 'variants must be a list of different names'],
    [{ ...sound, variants: ['A', 'A'] }, 'variants must be a list of different names'],
    [{ ...sound, acceptWhenAsleep: 'no' }, 'acceptWhenAsleep must be true or false'],
    [
      { ...sound, batching: { maxSize: 0, maxWaitMs: 1 } },
      'batching must be an object whose maxSize is a whole number',
    ],
    [{ ...sound, batching: { maxSize: 2, maxWaitMs: 1, max: 1 } }, 'batching must be without the unknown field max'],
    [{ ...sound, timeOutSeconds: 60 }, 'there is no field timeOutSeconds in a manifest; did you mean timeoutSeconds?'],
    [{ ...sound, timeout: 60 }, 'there is no field timeout in a manifest'],
    [{ ...sound, max_backlog: 9 }, 'there is no field max_backlog in a manifest; did you mean maxBacklog?'],
    [{ ...sound, memory: 512 }, 'there is no field memory in a manifest; did you mean memoryMiB?'],
    [{ ...sound, colour: 'red' }, /^there is no field colour in a manifest$/],
    [{ ...sound, name: 'other' }, 'name must be that of its folder, probe, not other'],
  ])('refuses %j', (manifest, clause) => {
    expect(manifestFault(manifest, 'probe')).toMatch(clause);
  });
});
