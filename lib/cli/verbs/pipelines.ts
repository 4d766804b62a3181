import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { Option } from 'commander';
import { readJson } from '../arguments.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface Run {
  readonly id: string;
  readonly state: string;
  readonly logical_date: string;
  readonly created_at: string;
  readonly stages: readonly { readonly name: string; readonly state: string; readonly duration_ms: number | null }[];
  readonly log?: readonly { readonly at: string; readonly stage: string | null; readonly text: string }[];
}

const pathOf = (pipeline: string, rest = ''): string => `/pipelines/${encodeURIComponent(pipeline)}${rest}`;

/** `pipelines [list|define|runs|run|backfill|show|cancel|retry]`. */
export const addPipelines: AddVerb = (program, io) => {
  const pipelines = program.command('pipelines');
  pipelines
    .command('list', { isDefault: true })
    .description('lists the pipelines')
    .action(async (_, command) => {
      const { api, output } = await sessionOf(command, io);
      const answer = await api.request<{ pipelines: readonly { name: string; stages: readonly unknown[] }[] }>(
        'GET',
        '/pipelines',
      );
      output.list(answer.pipelines, { pipeline: ({ name }) => name, stages: ({ stages }) => stages.length });
    });
  pipelines
    .command('runs')
    .description('lists the runs of a pipeline, newest first')
    .argument('<pipeline>')
    .action(async (pipeline: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const { runs } = await api.request<{ runs: readonly Run[] }>('GET', pathOf(pipeline, '/runs'));
      output.list(runs, {
        run: ({ id }) => id,
        state: ({ state }) => state,
        date: ({ logical_date }) => logical_date,
        started: ({ created_at }) => created_at,
      });
    });
  pipelines
    .command('run')
    .description('starts a run')
    .argument('<pipeline>')
    .option('--date <date>', 'for this date, for example 2026-01-31 (default: today)')
    .action(async (pipeline: string, { date }: { date?: string }, command) => {
      const { api, output } = await sessionOf(command, io);
      const body = date === undefined ? {} : { logical_date: date };
      const run = await api.request<Run>('POST', pathOf(pipeline, '/runs'), body);
      output.show(run, () => [run.id]);
    });
  pipelines
    .command('show')
    .description('shows a run with its stages and its log')
    .argument('<pipeline>')
    .argument('<run>')
    .action(async (pipeline: string, id: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const run = await api.request<Run>('GET', pathOf(pipeline, `/runs/${encodeURIComponent(id)}`));
      output.show(run, () => [
        ...output.table(
          ['stage', 'state', 'ms'],
          run.stages.map((stage) => [stage.name, stage.state, stage.duration_ms]),
        ),
        ...(run.log ?? []).map(({ at, stage, text }) => `${at}  ${stage ?? '-'}  ${text}`),
      ]);
    });
  pipelines
    .command('define')
    .description('creates or changes a pipeline from a file of JSON')
    .argument('<pipeline>')
    .argument('<file>', 'stages and schedule; - for the standard input')
    .action(async (pipeline: string, file: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const text = file === '-' ? await readStream(io.input) : await readFile(file, 'utf8');
      const defined = await api.request(
        'PUT',
        pathOf(pipeline),
        readJson(text, file === '-' ? 'The standard input' : file),
      );
      output.show(defined ?? { name: pipeline }, () => [`${pipeline} is defined.`]);
    });
  pipelines
    .command('backfill')
    .description('runs a pipeline for past dates, or resumes that')
    .argument('<pipeline>')
    .requiredOption('--from <date>', 'the first date, for example 2026-01-01')
    .requiredOption('--to <date>', 'the last date')
    .addOption(new Option('--step <step>', 'from date to date').choices(['day', 'week', 'month']).default('day'))
    .action(async (pipeline: string, backfill: Readonly<Record<string, string>>, command) => {
      const { api, output } = await sessionOf(command, io);
      const { from, to, step } = backfill;
      const run = await api.request<Run>('POST', pathOf(pipeline, '/backfill'), { from, to, step });
      output.show(run, () => [run.id]);
    });
  for (const verb of ['cancel', 'retry'] as const) {
    pipelines
      .command(verb)
      .description(verb === 'cancel' ? 'cancels a run' : 'runs again from the failed stage')
      .argument('<pipeline>')
      .argument('<run>')
      .action(async (pipeline: string, id: string, _, command) => {
        const { api, output } = await sessionOf(command, io);
        const run = await api.request<Run>('POST', pathOf(pipeline, `/runs/${encodeURIComponent(id)}/${verb}`), {});
        output.show(run, () => [`${run.id}  ${run.state}`]);
      });
  }
};
