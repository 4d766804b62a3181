import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelyard as inPipe, onTerminal as inTerminal } from '#test/support/cli.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { VERBS } from '../../lib/cli/verbs.ts';

let system: EmbeddedSystem;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelyard-terminal-'));
  writeFileSync(join(folder, 'two.ndjson'), '{"data": "1"}\n{"data": "2"}\n');
  writeFileSync(join(folder, 'nightly.json'), JSON.stringify({ stages: [{ name: 'train', uses: 'training.train' }] }));
  system = await EmbeddedSystem.start();
});
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ HOME: folder, MODELYARD_URL: system.url, TERM: 'xterm-256color' });
const onTerminal = (args: readonly string[], answers: readonly string[] = []) =>
  inTerminal(args, { environment: environment(), answers });
const modelyard = (args: readonly string[]) => inPipe(args, { environment: environment() });

interface Call {
  readonly args: string;
  readonly prints: RegExp;
  readonly code?: number;
}

/** Every verb as a person calls it, what it prints, and its exit code. */
const CALLS: readonly Call[] = [
  { args: 'start -- --help', prints: /Usage: npm start/ },
  { args: 'init 7', prints: /lower-case snake_case/, code: 2 },
  { args: 'models', prints: /MODEL.*<green>active/s },
  { args: 'models model_a', prints: /"name": "model_a"/ },
  { args: 'instances', prints: /INSTANCE.*model_a-1.*<green>ready/s },
  { args: 'instances list model_a', prints: /model_a-1/ },
  { args: 'instances launch model_b', prints: /is starting\./ },
  { args: 'instances drain model_b model_b-1', prints: /finishes its work and stops\./ },
  { args: 'predict model_a {"data":"x"}', prints: /Processed message: x/ },
  { args: 'predict model_a {"data":"x"} --watch', prints: /succeeded/ },
  { args: 'predict model_b {"valu":1}', prints: /not a valid.*\/valu/s, code: 3 },
  { args: 'tasks', prints: /TASK.*<green>succeeded/s },
  { args: 'tasks list --all --state succeeded', prints: /model_a/ },
  { args: 'tasks show 01a1fc9e-9598-779d-b255-88a702ba3943', prints: /There is no such task/, code: 3 },
  { args: 'logs model_a', prints: /model_a-1 {2}info {2}Ready\./ },
  { args: 'logs model_a-1', prints: /Ready\./ },
  { args: 'logs nowhere', prints: /There is no model, instance or task nowhere/, code: 1 },
  { args: 'dead-letters list model_a', prints: /No task of model_a was given up/ },
  { args: 'dead-letters redrive model_a', prints: /0 run again/ },
  { args: 'predict model_a {"data":"x"} --wait', prints: /Processed message: x/ },
  { args: 'batch model_a FOLDER/two.ndjson', prints: /#{30}\] 2 of 2.*2 succeeded, 0 failed/s },
  { args: 'load model_a {"data":"x"} --seconds 1 --rate 5', prints: /5 of 5 sent.*P50_MS/s },
  { args: 'pipelines define nightly FOLDER/nightly.json', prints: /nightly is defined/ },
  { args: 'pipelines', prints: /nightly +1/ },
  { args: 'pipelines run nightly', prints: /[\w-]{8}/ },
  { args: 'pipelines runs nightly', prints: /RUN +STATE/ },
  { args: 'cost --predictions 1000', prints: /1000 predictions of 100 ms.*total/s },
  { args: 'cost --predictions none', prints: /whole number/, code: 2 },
  { args: 'types', prints: /export type Models/ },
  { args: 'collection', prints: /getpostman/ },
  { args: 'login --key mdy_test', prints: /Logged in to .* as local \(admin\)/ },
  { args: 'whoami', prints: /local \(admin\)/ },
  { args: 'logout', prints: /is logged out/ },
  { args: 'keys', prints: /has no API keys/, code: 3 },
  { args: 'users', prints: /keeps no users/, code: 3 },
  { args: 'calls', prints: /TIME.*POST \/models\/\{model\}\/tasks/s },
  { args: 'doctor', prints: /<green>ok.*API/s },
  { args: 'completion bash', prints: /complete -o default/ },
];

describe('in a terminal, npx modelyard', { timeout: 120_000 }, () => {
  it('is tried with every verb', () => {
    expect(new Set(CALLS.map(({ args }) => args.split(' ')[0]))).toEqual(new Set(VERBS.map(({ name }) => name)));
  });

  it.each(CALLS)('runs $args', async ({ args, prints, code = 0 }) => {
    const ended = await onTerminal(args.replace('FOLDER', folder).split(' '));

    expect(ended.out.replaceAll('\u001b[32m', '<green>')).toMatch(prints);
    expect(ended.code).toBe(code);
  });

  it.each<[string, readonly string[], RegExp, number]>([
    [
      'init',
      ['churn', 'container', '', '', '80800'],
      /Name of the model.*Kind \(python, typescript, onnx, container\).*protocol.*image.*port.*The port must be a whole/s,
      2,
    ],
    ['init churn --container kserve --port 80', ['churn:1', '\u0003'], /image.*The command.*Stopped/s, 130],
    ['init churn', ['onnx', 'nowhere.onnx'], /Kind.*ONNX file.*There is no file nowhere\.onnx/s, 1],
    ['init churn', ['perl'], /Kind .*must be one of python, typescript, onnx, container, not "perl"/s, 2],
    ['init', ['gdp_growth_rate'], /Name of the model[^\n]*\n[^\n]*gdp_growth_rate\.proto exists already/, 1],
  ])('asks after `%s` for what is missing, and judges each of the answers %j', async (line, answers, says, exit) => {
    const { out, code } = await onTerminal(line.split(' '), answers);

    expect(out).toMatch(says);
    expect(code).toBe(exit);
  });

  it('asks for the password without showing it', async () => {
    const { out, code } = await onTerminal(['login', '--username', 'ann'], ['secret words']);

    expect(out).toMatch(/Password: /);
    expect(out).not.toContain('secret');
    expect(code).toBe(3);
  });
});

describe('without a terminal, npx modelyard', { timeout: 120_000 }, () => {
  it('prints neither colours nor progress', async () => {
    const ended = await Promise.all(
      [['models'], ['doctor'], ['load', 'model_a', '{"data":"x"}', '--seconds', '1', '--rate', '5']].map(modelyard),
    );

    for (const { out, err } of ended) expect(out + err).not.toContain('\u001b');
    expect(ended[2]?.err).toBe('');
  });

  it.each(
    CALLS.filter(({ args, code }) => code === undefined && !/^(start|login|logout|batch|instances (la|dr))/.test(args)),
  )('prints JSON for $args --json', async ({ args }) => {
    const { out } = await modelyard([...args.replace('FOLDER', folder).split(' '), '--json']);

    const values = args.includes('--watch') ? out.split(/^(?=[{[])/m) : [out];
    for (const text of values) expect(() => JSON.parse(text), text).not.toThrow();
  });

  it('tells what the run of one task has logged', async () => {
    const refused = await modelyard(['predict', 'gdp_growth_rate', '{"gdp_per_capita": 1}', '--no-wait']);
    const { out, code } = await modelyard(['logs', refused.out.trim(), '--json']);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toBeInstanceOf(Array);
  });

  it('knows its version, and explains every verb', async () => {
    const version = await modelyard(['--version']);
    const help = await modelyard(['--help']);
    const helps = await Promise.all(VERBS.map(({ name }) => modelyard([name, '--help'])));

    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const { name } of VERBS) expect(help.out).toMatch(new RegExp(`^ {2}${name} +\\w`, 'm'));
    for (const [index, { out }] of helps.entries()) {
      expect(out).toMatch(new RegExp(`^Usage: modelyard ${VERBS[index]?.name} `));
      expect(out).toMatch(/\n\n[A-Za-z].*\w/);
    }
  });

  it('starts without loading what its help does not need', async () => {
    const { out } = await inPipe(['--help'], {
      environment: { ...environment(), NODE_OPTIONS: `--import ${LOADED}` },
    });

    const loaded = out.split('\n').filter((line) => line.startsWith('loaded '));
    expect(loaded.length).toBeGreaterThan(3);
    expect(loaded.filter((line) => /lib\/(core|local|api)|clients|verbs\//.test(line))).toEqual([]);
  });
});

/** Prints the address of every module of this repository that is loaded. */
const LOADED = `data:text/javascript,${encodeURIComponent(
  "import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { if (!url.includes('node_modules') && url.startsWith('file:')) process.stdout.write('loaded ' + url + '\\n'); return next(url, context); } });",
)}`;
