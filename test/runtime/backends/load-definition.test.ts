import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadDefinition } from '#runtime/backends/load-definition.ts';

describe('loading a model', () => {
  it('takes a bare name for a folder of the repository', async () => {
    const { manifest } = await loadDefinition('model_a');

    expect(manifest.name).toBe('model_a');
  });

  it('says in one sentence that there is no such model', async () => {
    await expect(loadDefinition('modle_a')).rejects.toMatchObject({
      name: 'ModelStartError',
      message: expect.stringMatching(/^There is no model at \S+modle_a\/model\.ts\.$/),
    });
  });

  it('says in one sentence that a module is not a model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'model.ts'), 'export default { predict: () => 1 };');

    await expect(loadDefinition(folder)).rejects.toMatchObject({
      name: 'ModelStartError',
      message: expect.stringMatching(/does not export a model: its default export must be made by defineModel\.$/),
    });
  });
});
