import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '#local/instance-command.ts';

/** One country over the years, oldest first. */
export interface Series {
  readonly country: string;
  readonly years: readonly { readonly end: string; readonly rate: number }[];
}

const FILE = join(ROOT, 'lifecycle', 'example', 'fertility.csv');

export async function readSeries(): Promise<readonly Series[]> {
  const [, ...lines] = (await readFile(FILE, 'utf8')).trim().split('\n');
  const rows = lines.map((line) => line.split(',')).map(([country = '', end = '', rate]) => ({ country, end, rate }));
  return [...Map.groupBy(rows, ({ country }) => country)].map(([country, years]) => ({
    country,
    years: years.map(({ end, rate }) => ({ end, rate: Number(rate) })).toSorted((a, b) => (a.end < b.end ? -1 : 1)),
  }));
}

/** What is known of a country at the end of each year: its rate then, one year and five years before. */
export function knownCsv(series: readonly Series[]): string {
  const rows = series.flatMap(({ country, years }) =>
    years.map(({ end, rate }, at) => [country, end, rate, years[at - 1]?.rate ?? '', years[at - 5]?.rate ?? ''].join()),
  );
  return ['country,year_end,rate,rate_1y_ago,rate_5y_ago', ...rows, ''].join('\n');
}

/** What came of it: the rate of the next year. */
export function outcomesCsv(series: readonly Series[]): string {
  const rows = series.flatMap(({ country, years }) =>
    years.flatMap(({ end }, at) => {
      const next = years[at + 1];
      return next ? [[country, end, next.rate].join()] : [];
    }),
  );
  return ['country,year_end,next_rate', ...rows, ''].join('\n');
}
