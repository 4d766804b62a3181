import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { manifestFault } from '#catalog/check-manifest.ts';
import { exampleRequest, protoText } from '../../lib/cli/init/draft.ts';
import { onnxDraft } from '../../lib/cli/init/onnx-draft.ts';
import { containerDraft } from '../../lib/cli/init/templates.ts';
import { runCli } from '../../lib/cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = mkdtempSync(join(tmpdir(), 'modelyard-init-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

async function cli(...args: readonly string[]) {
  const written = { output: '', errors: '' };
  const to = (stream: keyof typeof written) => ({
    write(text: string | Uint8Array) {
      written[stream] += String(text);
      return true;
    },
  });
  const code = await runCli(args, {
    input: Readable.from([]),
    output: to('output'),
    errors: to('errors'),
    isTerminal: false,
    columns: 0,
    environment: {},
    exit: () => undefined,
  });
  return { code, ...written };
}

describe('modelyard', () => {
  it('shows its verbs', async () => {
    const { code, output } = await cli('--help');

    expect(code).toBe(0);
    expect(output).toMatch(/^ {2}init +writes the folder and the contract of a new model$/m);
  });

  it.each([
    [['launch'], /unknown command 'launch'/],
    [['init'], /missing required argument 'name'/],
    [['init', 'churn', '--onxn', 'a'], /unknown option '--onxn'/],
    [['init', 'churn', '--container', 'soap'], /Allowed choices are json/],
    [['init', 'churn', '--container', 'json', '--port', '0'], /whole number from 1 to 65535/],
  ])('refuses %j with what is wrong', async (args, message) => {
    expect(await cli(...args)).toMatchObject({ code: 2, errors: expect.stringMatching(message) });
  });
});

describe('modelyard init', () => {
  const noGraph = join(FOLDER, 'text.onnx');
  writeFileSync(noGraph, 'not a graph');

  it.each([
    [['Churn'], /^A model's name is lower-case snake_case of at most 48 characters, not Churn\.\n$/, 2],
    [['model_a'], /^proto\/models\/model_a\.proto exists already; .*\n$/, 1],
    [['churn', '--python', '--typescript'], /^--python and --typescript exclude each other\.\n$/, 2],
    [['churn', '--python', '--image', 'churn:1'], /^--image needs --container\.\n$/, 2],
    [['churn', '--onnx', 'nowhere.onnx'], /^There is no file nowhere\.onnx\.\n$/, 1],
    [['churn', '--onnx', noGraph], /text\.onnx is not an ONNX graph that can be loaded: .*\n$/, 1],
  ])('refuses %j in one sentence and writes nothing', async (args, message, code) => {
    expect(await cli('init', ...args)).toMatchObject({ code, output: '', errors: expect.stringMatching(message) });
    expect(existsSync(join(ROOT, 'proto/models/churn.proto'))).toBe(false);
  });

  it('writes a valid manifest of a container', () => {
    const described = { name: 'captions', description: 'Describes an image.' };
    const given = { protocol: 'json', port: 8080, command: 'python -m app --port {port}' };

    const { files } = containerDraft(described, given);

    const manifest = JSON.parse(files['manifest.json'] ?? '');
    expect(manifestFault(manifest, 'captions')).toBeUndefined();
    expect(manifest.container.command).toEqual(['python', '-m', 'app', '--port', '{port}']);
  });

  it('makes the contract of a graph without a batch axis from all of its axes', async () => {
    const file = join(ROOT, 'test/fixtures/onnx/fixed/model.onnx');

    const { contract, files, copies } = await onnxDraft({ name: 'fixed', description: 'Doubles.' }, file);

    expect(protoText('fixed', contract)).toContain('  // The tensor X: float32 [2, 3].\n  FloatTensor x = 1;');
    expect(exampleRequest(contract)).toBe('{"x":{"shape":[2,3],"values":[1,1,1,1,1,1]}}');
    expect(manifestFault(JSON.parse(files['manifest.json'] ?? ''), 'fixed')).toBeUndefined();
    expect(copies).toEqual({ 'model.onnx': file });
  });

  it('writes one tensor message for each type of values', () => {
    const field = { type: 'float', kind: 'tensor' as const, comment: 'A tensor.' };
    const contract = { request: [{ ...field, name: 'a' }], response: [{ ...field, name: 'b', type: 'int64' }] };

    const text = protoText('two', contract);

    expect(text.match(/^message \w+/gm)).toEqual([
      'message TwoRequest',
      'message TwoResponse',
      'message FloatTensor',
      'message Int64Tensor',
    ]);
  });
});
