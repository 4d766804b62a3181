import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ended, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = mkdtempSync(join(tmpdir(), 'modelyard-changes-'));
const PATIENCE = { timeout: 30_000, interval: 100 };

/** Answers with `version` as its attempt; waits for the seconds that the request names. */
const code = (version: string): string => `
import { defineModel } from '${ROOT}/model-containers/runtime/define-model.ts';
import { ProbeRequest, ProbeResponse } from '${ROOT}/test/fixtures/proto/gen/models/probe.ts';
import { manifest } from './manifest.ts';

export default defineModel({
  manifest,
  request: ProbeRequest,
  response: ProbeResponse,
  async predict(_, { seconds }) {
    await new Promise((done) => setTimeout(done, seconds * 1000));
    return { attempt: ${version} };
  },
});
`;

function writeManifest(name: string, description: string): void {
  mkdirSync(join(FOLDER, name), { recursive: true });
  writeFileSync(
    join(FOLDER, name, 'manifest.ts'),
    `export const manifest = ${JSON.stringify({ name, description })};\n`,
  );
}

/** As editors save: a new file takes the place of the old one. */
function save(name: string, text: string): void {
  const path = join(FOLDER, name, 'model.ts');
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

let system: EmbeddedSystem;
beforeAll(async () => {
  writeManifest('edited', 'Is edited.');
  save('edited', code('1'));
  system = await EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: FOLDER } });
}, 60_000);
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  rmSync(FOLDER, { recursive: true, force: true });
});

async function answer(model: string): Promise<unknown> {
  const task = (await (await post(system, `/predict/${model}`, {})).json()) as TaskBody;
  return task.result?.attempt;
}

describe('npm start', () => {
  it('starts a model again whose code has changed, and keeps its tasks', async () => {
    expect(await answer('edited')).toBe(1);
    const running = await submit(system, 'edited', { seconds: 2 });
    const stateOf = async () => ((await (await system.fetch(`/tasks/${running.id}`)).json()) as TaskBody).state;
    await vi.waitFor(async () => expect(await stateOf()).toBe('running'), PATIENCE);

    save('edited', code('2'));
    const waiting = await Promise.all([1, 2, 3].map(() => submit(system, 'edited', {})));

    expect(await ended(system, running.id)).toMatchObject({ state: 'succeeded', attempts: 1 });
    for (const { id } of waiting) expect(await ended(system, id)).toMatchObject({ state: 'succeeded' });
    await vi.waitFor(async () => expect(await answer('edited')).toBe(2), PATIENCE);
  });

  it('reads a changed manifest', async () => {
    writeManifest('edited', 'Was edited.');

    await vi.waitFor(async () => {
      const response = await system.fetch('/models/edited');
      expect(await response.json()).toMatchObject({ description: 'Was edited.' });
    }, PATIENCE);
  });

  it('names an error in changed code, and goes on as soon as it is mended', async () => {
    save('edited', 'export defalt {};');
    await vi.waitFor(async () => expect((await post(system, '/models/edited/tasks', {})).status).toBe(503), PATIENCE);

    save('edited', code('3'));

    await vi.waitFor(async () => expect(await answer('edited')).toBe(3), PATIENCE);
  });

  it('starts a new model', async () => {
    const draft = mkdtempSync(join(tmpdir(), 'modelyard-draft-'));
    cpSync(join(FOLDER, 'edited', 'model.ts'), join(draft, 'model.ts'));
    writeManifest('added', 'Is new.');
    cpSync(join(draft, 'model.ts'), join(FOLDER, 'added', 'model.ts'));
    rmSync(draft, { recursive: true });

    await vi.waitFor(async () => expect(await answer('added')).toBe(3), PATIENCE);
  });

  it('stops a model whose folder is deleted, after its current work, and starts it when it is back', async () => {
    const { id } = await submit(system, 'added', { seconds: 2 });
    const instances = async () => {
      const response = await system.fetch('/models/added/instances');
      return ((await response.json()) as { instances: unknown[] }).instances.length;
    };
    expect(await instances()).toBe(1);

    renameSync(join(FOLDER, 'added'), join(FOLDER, '..', `${basename(FOLDER)}-away`));

    await vi.waitFor(async () => expect(await instances()).toBe(0), PATIENCE);
    expect(await ended(system, id)).toMatchObject({ state: 'succeeded' });

    renameSync(join(FOLDER, '..', `${basename(FOLDER)}-away`), join(FOLDER, 'added'));

    await vi.waitFor(async () => expect(await answer('added')).toBe(3), PATIENCE);
  });
});
