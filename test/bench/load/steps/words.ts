import { milliseconds, type Percentiles, rounded } from '../statistics.ts';
import { goodputOf, type Step, type Steps, type Verdict } from './goals.ts';

export const COLUMNS = [
  'load',
  'offered/s',
  'served/s',
  'refused/s',
  'served p50',
  'served p99',
  'refused p99',
  'health p99',
  'MiB',
  'CPU',
  'served/CPU',
  'sender',
] as const;

/**
 * The figures of a step, by `COLUMNS`. Times are milliseconds, CPU is in cores: on a busy machine, what one core serves
 * says more than what was served.
 */
export function figuresOf(step: Step): readonly string[] {
  const { load, rate, seconds, seen, watched } = step;
  const { cpuSeconds, memoryMib, healthMs } = watched;
  return [
    `${load}×`,
    String(Math.round(rate)),
    String(Math.round(goodputOf(step))),
    String(Math.round(seen.refused / seconds)),
    ms(seen.servedMs, 'p50'),
    ms(seen.servedMs, 'p99'),
    ms(seen.refusedMs, 'p99'),
    ms(healthMs, 'p99'),
    memoryMib.length === 0 ? '–' : String(Math.max(...memoryMib)),
    cpuSeconds === undefined ? '–' : String(rounded(cpuSeconds / seconds)),
    cpuSeconds === undefined ? '–' : String(Math.round(seen.served / cpuSeconds)),
    String(rounded(seen.cpuSeconds / seconds)),
  ];
}

/** The table and the verdicts for the terminal. */
export function textOf(measured: Steps, verdicts: readonly Verdict[]): string {
  const rows = [COLUMNS, ...measured.steps.map(figuresOf)];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return [
    headline(measured),
    ...rows.map((row) => `  ${row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  ')}`),
    ...verdicts.map(({ goal, isMet, found }) => `  ${isMet ? 'met   ' : 'MISSED'}  ${goal} ${sentence(found)}`),
  ].join('\n');
}

export const headline = ({ model, where, capacity, callers }: Steps): string =>
  `${model} at ${where}: capacity ${Math.round(capacity)} a second with ${callers} callers`;

export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const ms = (values: Percentiles | undefined, name: keyof Percentiles): string =>
  values ? milliseconds(values[name]) : '–';
