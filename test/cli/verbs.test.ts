import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelyard as runCli } from '#test/support/cli.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

let system: EmbeddedSystem;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelyard-cli-'));
  system = await EmbeddedSystem.start();
});
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ HOME: folder, MODELYARD_URL: system.url });
const modelyard = (args: readonly string[], input = '') => runCli(args, { environment: environment(), input });

describe('npx modelyard', { timeout: 90_000 }, () => {
  it('predicts from an argument, a file and the standard input', async () => {
    const file = join(folder, 'request.json');
    writeFileSync(file, '{"data": "of a file"}');

    const answers = await Promise.all([
      modelyard(['predict', 'model_a', '{"data": "typed"}']),
      modelyard(['predict', 'model_a', `@${file}`]),
      modelyard(['predict', 'model_a', '-'], '{"data": "piped"}'),
    ]);

    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(answers.map(({ out }) => (JSON.parse(out) as { message: string }).message)).toEqual([
      'Processed message: typed',
      'Processed message: of a file',
      'Processed message: piped',
    ]);
  });

  it('shows models, instances and tasks as tables, and as JSON for programs', async () => {
    const id = (await modelyard(['predict', 'model_a', '{"data": "x"}', '--no-wait'])).out.trim();
    const watched = await modelyard(['tasks', 'watch', id]);
    const [models, one, instances, tasks, task] = await Promise.all([
      modelyard(['models']),
      modelyard(['models', 'model_b', '--json']),
      modelyard(['instances', 'list', 'model_a', '--json']),
      modelyard(['tasks', '--model', 'model_a']),
      modelyard(['tasks', 'show', id]),
    ]);

    expect(watched.out).toMatch(/succeeded\n.*"message"/s);
    expect(models.out).toMatch(/^MODEL +STATE +INSTANCES.*\n.*model_a +active +1/s);
    expect(JSON.parse(one.out)).toMatchObject({ name: 'model_b' });
    expect(JSON.parse(instances.out)).toEqual([expect.objectContaining({ state: 'ready' })]);
    expect(tasks.out).toContain(id);
    expect(JSON.parse(task.out)).toMatchObject({ id, state: 'succeeded' });
  });

  it('launches and drains an instance', async () => {
    const launched = await modelyard(['instances', 'launch', 'model_a', '--json']);
    const { id } = JSON.parse(launched.out) as { id: string };
    const drained = await modelyard(['instances', 'drain', 'model_a', id]);

    expect([launched.code, drained.code]).toEqual([0, 0]);
    expect(drained.out).toContain(id);
  });

  it('cancels a task that runs', async () => {
    const id = (await modelyard(['predict', 'model_b', '{"value": 1, "delay_seconds": 30}', '--no-wait'])).out.trim();
    const canceled = await modelyard(['tasks', 'cancel', id]);
    const again = await modelyard(['tasks', 'watch', id]);

    expect(canceled.code).toBe(0);
    expect(again).toMatchObject({ code: 5, err: expect.stringContaining('cancel') });
  });

  it('predicts a file line by line, reports failures, and resumes', async () => {
    const file = join(folder, 'requests.ndjson');
    writeFileSync(file, '{"value": 1, "delay_seconds": 0.1}\n{"valu": 2}\n{"value": 3, "delay_seconds": 0.1}\n');
    const first = await modelyard(['batch', 'model_b', file]);
    writeFileSync(file, '{"value": 4, "delay_seconds": 0.1}\n', { flag: 'a' });
    const second = await modelyard(['batch', 'model_b', file, '--json']);

    const lines = readFileSync(`${file}.out`, 'utf8').trim().split('\n');
    expect(first).toMatchObject({ code: 1, out: expect.stringContaining('2 succeeded, 1 failed') });
    expect(lines.map((line) => Object.keys(JSON.parse(line)))).toEqual([
      ['index', 'result'],
      ['index', 'error'],
      ['index', 'result'],
      ['index', 'result'],
    ]);
    expect(JSON.parse(second.out)).toMatchObject({ total: 4, skipped: 3, failed: 0 });
  });

  it('measures at a constant rate', async () => {
    const { out, code } = await modelyard([
      'load',
      'model_a',
      '{"data": "x"}',
      '--rate',
      '20',
      '--seconds',
      '1',
      '--json',
    ]);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ sent: 20, succeeded: 20, errors: {}, p99_ms: expect.any(Number) });
  });

  it('exits as documented, with the text of the problem', async () => {
    const [refused, missing, unreachable, misuse] = await Promise.all([
      modelyard(['predict', 'model_b', '{"valu": 1}']),
      modelyard(['models', 'nowhere']),
      modelyard(['models', '--url', 'http://127.0.0.1:1']),
      modelyard(['predict']),
    ]);

    expect(refused).toMatchObject({ code: 3, err: expect.stringMatching(/not a valid.*\n {2}\/valu: /) });
    expect(missing).toMatchObject({ code: 3, out: '' });
    expect(unreachable).toMatchObject({ code: 4, err: expect.stringContaining('modelyard start') });
    expect(misuse.code).toBe(2);
  });

  it('keeps a login where only its owner reads it, and forgets it', async () => {
    const [login, who] = [await modelyard(['login', '--key', 'mdy_test']), await modelyard(['whoami'])];
    const file = join(folder, '.config', 'modelyard', 'profiles.json');
    const mode = statSync(file).mode & 0o777;
    const stored = readFileSync(file, 'utf8');
    await modelyard(['logout']);

    expect(login.out).toContain('as local (admin)');
    expect(who.out).toContain('local (admin)');
    expect(mode).toBe(0o600);
    expect(stored).toContain('mdy_test');
    expect(readFileSync(file, 'utf8')).not.toContain('mdy_test');
  });

  it('writes types of every model', async () => {
    const { out } = await modelyard(['types']);

    expect(out).toMatch(/export type Models = \{\n/);
    expect(out).toMatch(/"model_b": \{\n {4}request: \{\n {6}readonly "value"\?: number;/);
    expect(out).toMatch(/readonly "message": string;/);
  });

  it('writes a collection for Postman and Bruno, with a body for each model', async () => {
    const { out } = await modelyard(['collection']);
    const { item: folders, variable } = JSON.parse(out) as {
      item: { name: string; item: { request: { method: string; url: { raw: string }; body?: { raw: string } } }[] }[];
      variable: { key: string; value: string }[];
    };
    const requests = folders.flatMap(({ item }) => item.map(({ request }) => request));
    const predict = requests.find(({ url }) => url.raw === '{{url}}/predict/model_a');
    const answer = await system.fetch('/predict/model_a', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: predict?.body?.raw ?? '',
    });

    expect(answer.status).toBe(200);
    expect(variable).toContainEqual({ key: 'url', value: system.url });
    expect(requests.length).toBeGreaterThan(30);
    expect(requests.map(({ url }) => url.raw)).toContain('{{url}}/tasks/:id');
  });

  it('starts and shows runs of pipelines', async () => {
    const stages = [{ name: 'train', uses: 'training.train', params: { model: 'rates', trainer: 'ridge' } }];
    await system.fetch('/pipelines/nightly', {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ stages }),
    });
    const id = (await modelyard(['pipelines', 'run', 'nightly', '--date', '2026-01-31'])).out.trim();
    const [all, runs, shown] = await Promise.all([
      modelyard(['pipelines']),
      modelyard(['pipelines', 'runs', 'nightly', '--json']),
      modelyard(['pipelines', 'show', 'nightly', id]),
    ]);

    expect(all.out).toMatch(/nightly +1/);
    expect(JSON.parse(runs.out)).toEqual([expect.objectContaining({ id, logical_date: '2026-01-31' })]);
    expect(shown.out).toMatch(/^STAGE +STATE +MS\ntrain +\w+/);
  });

  it('finds what is missing', async () => {
    const doctor = await modelyard(['doctor', '--json']);

    expect(JSON.parse(doctor.out)).toEqual(
      expect.arrayContaining([
        { what: 'Node', state: 'ok', detail: process.versions.node, required: true },
        { what: 'API', state: 'ok', detail: system.url, required: false },
        expect.objectContaining({ what: 'RabbitMQ', state: 'missing', required: false }),
      ]),
    );
    // Nothing that `npm start` needs.
    expect(doctor.code).toBe(0);
  });
});
