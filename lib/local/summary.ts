import type { LogEvent } from '#gateway/log-event.ts';
import type { InstanceReport } from './supervisor.ts';

export interface Summary {
  /** URL of the API. */
  readonly url: string;
  readonly startupMs: number;
  /** Environment variables for an instance that is started separately on this machine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly models: readonly ModelLine[];
}

interface ModelLine {
  readonly name: string;
  readonly queue: string;
  readonly instances: readonly InstanceReport[];
}

export const summaryEvent = ({ url, startupMs, environment, models }: Summary): LogEvent => ({
  level: 'info',
  time: Date.now(),
  message: 'ready',
  fields: {
    url,
    startup_ms: startupMs,
    environment,
    models: models.map(({ name, queue, instances }) => ({
      name,
      queue,
      instances: instances.map(({ id, variant, state, pid, crashes }) => ({ id, variant, state, pid, crashes })),
    })),
  },
});

export function summaryText({ url, startupMs, models }: Summary): string {
  const rows = models.flatMap(({ name, queue, instances }) =>
    (instances.length === 0 ? ['none'] : instances.map(instanceText)).map((instance, index) =>
      index === 0 ? [name, queue, instance] : ['', '', instance],
    ),
  );
  return [
    '',
    `Modelyard is ready after ${(startupMs / 1000).toFixed(1)} s: ${url}`,
    '',
    ...table([['MODEL', 'QUEUE', 'INSTANCES'], ...rows]),
    '',
    `Open ${url} to see and try every model, or:`,
    `  ${firstRequest(url, models)}`,
    '',
    'Ctrl-C stops it after the current work.',
    '',
  ].join('\n');
}

function instanceText({ id, variant, state, crashes, isPreparing }: InstanceReport): string {
  const crashed = state === 'starting' && crashes > 0;
  const shown = isPreparing ? 'installing its packages' : state;
  return [id, variant, crashed ? 'crashed, starts again' : shown].filter((part) => part !== undefined).join(', ');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd());
}

/** The first request of the README, if its model runs. */
function firstRequest(url: string, models: readonly ModelLine[]): string {
  if (!models.some(({ name }) => name === 'model_a')) return `curl ${url}/models`;
  return `curl -X POST ${url}/predict/model_a -H "Content-Type: application/json" -d '{"data": "example"}'`;
}
