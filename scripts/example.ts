import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ROOT } from '#local/instance-command.ts';
import { ExampleClient, Refused } from './example/client.ts';
import { knownCsv, outcomesCsv, readSeries } from './example/data.ts';
import { type Candidate, examplePage, type Forecast } from './example/page.ts';
import { FEATURE_VIEW, MODEL, pipelineOf, VIEW } from './example/pipelines.ts';
import { candidate, runPipeline, say } from './example/runs.ts';
import { secondHalf } from './example/second-half.ts';
import { averageWorld, findContainers } from './example/world.ts';

// `npm run example [url]` leads from a file to a deployed version that predicts, and goes on until its data has drifted and
// it was trained again. `--first-half` ends before that. The system must run: `npm start`.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'first-half': { type: 'boolean', default: false } },
});
const [url = 'http://localhost:8000'] = positionals;
const api = new ExampleClient(url);
const COUNTRIES = ['DEU', 'IND', 'NER', 'USA'];
const PAGE = join(ROOT, '.modelyard', 'example.html');
const FIRST_ANSWER_MS = 30_000;

interface DatasetVersion {
  readonly version: number;
  readonly rows: number;
  readonly bad_rows: number;
  readonly file: { readonly hash: string };
}

interface Prediction {
  readonly id: string;
  readonly result: { readonly next_rate: number; readonly model_version: string };
}

/** Waits for the first instance to have the first version. */
async function predict(country: string): Promise<Prediction> {
  for (const startedAt = performance.now(); ; await sleep(300)) {
    try {
      return await api.send<Prediction>('POST', `/entities/country/${country}/predict/${MODEL}`, {});
    } catch (error) {
      const isEarly = error instanceof Refused && performance.now() < startedAt + FIRST_ANSWER_MS;
      if (!isEarly) throw error;
    }
  }
}

/** Whether the interpreter of the worker can train with scikit-learn. */
async function findPython(): Promise<boolean> {
  const python = process.env.MODELYARD_PYTHON ?? 'python3';
  const child = spawn(python, ['-c', 'import sklearn, skl2onnx'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

async function main(): Promise<void> {
  const [hasPython, hasContainers] = [findPython(), findContainers()];
  const series = await readSeries();
  say(`Uploading ${series.length} countries to ${url}.`);
  const known = await api.upload<DatasetVersion>('/datasets/fertility/files?name=fertility.csv', knownCsv(series));
  const outcomes = await api.upload<DatasetVersion>(
    '/datasets/fertility_outcomes/files?name=outcomes.csv',
    outcomesCsv(series),
  );
  say(`Datasets: ${known.rows} and ${outcomes.rows} rows, ${known.bad_rows + outcomes.bad_rows} in quarantine.`);
  await api.send('PUT', '/entities/country', { join_keys: ['country'] });
  await api.send('PUT', `/feature-views/${VIEW}`, FEATURE_VIEW);
  const versions = { known: known.version, outcomes: outcomes.version };

  await averageWorld(api, known.file.hash, await hasContainers);

  const challengers = [
    { name: 'ridge', trainer: 'ridge', params: { alpha: 0.01 } },
    { name: 'ridge-strong', trainer: 'ridge', params: { alpha: 5000 } },
    ...((await hasPython) ? [{ name: 'boosting', trainer: 'gradient_boosting', params: { n_estimators: 50 } }] : []),
  ];
  const candidates: Candidate[] = [];
  for (const challenger of challengers) {
    say(`Pipeline ${challenger.name}: from the datasets to a deployment.`);
    candidates.push(await candidate(challenger.name, await runPipeline(api, pipelineOf(challenger, versions))));
  }
  if (challengers.length === 2) say('Left out gradient boosting: there is no Python with scikit-learn and skl2onnx.');

  say('Predicting by country.');
  const predictions = await Promise.all(COUNTRIES.map(async (country) => ({ country, ...(await predict(country)) })));
  const forecasts: Forecast[] = predictions.map(({ country, result }) => ({
    country,
    predicted: result.next_rate,
    version: result.model_version,
  }));
  const [first] = predictions;
  const lineage = await api.get<Lineage>(`/tasks/${first?.id}/lineage`);
  const [source] = Object.values(lineage.features.sources);
  say(`Lineage of ${first?.country}: file ${source?.file_name}, line ${source?.line}, SHA-256 ${source?.file}.`);

  table(
    ['candidate', 'version', 'decision', 'error', 'baseline'],
    candidates.map((each) => [
      ...[each.name, each.version, each.state, each.rmse.toFixed(4), each.baseline.toFixed(4)],
    ]),
  );
  table(
    ['country', 'next rate', 'version'],
    forecasts.map(({ country, predicted, version }) => [...[country, predicted.toFixed(3), version]]),
  );
  const later = values['first-half'] ? undefined : await secondHalf(api, series, known.version);
  await mkdir(join(ROOT, '.modelyard'), { recursive: true });
  await writeFile(PAGE, examplePage([...candidates, ...(later?.candidates ?? [])], forecasts, series, later));
  say(`Done. Plots: ${PAGE}`);
}

interface Lineage {
  readonly features: { readonly sources: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
  process.stdout.write(`\n${[head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n')}\n\n`);
}

try {
  await main();
} catch (error) {
  const message =
    error instanceof TypeError ? `Nothing answers at ${url}. Start the system first: npm start` : String(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
