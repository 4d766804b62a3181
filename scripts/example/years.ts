import type { Series } from './data.ts';

/** What was known of a country at the end of one year, and what came of it. */
export interface Observation {
  readonly country: string;
  readonly year: number;
  readonly request: { readonly rate: number; readonly change_1y: number; readonly change_5y: number };
  readonly outcome: number;
}

/** The observations of some years, oldest first. Countries whose rates are not all known are left out. */
export function observationsOf(series: readonly Series[], from: number, to: number): readonly Observation[] {
  return series
    .flatMap(({ country, years }) =>
      years.flatMap(({ end, rate }, at) => {
        const [year, next, before, fiveBefore] = [Number(end.slice(0, 4)), years[at + 1], years[at - 1], years[at - 5]];
        if (year < from || year > to || !next || !before || !fiveBefore) return [];
        const request = { rate, change_1y: rate - before.rate, change_5y: rate - fiveBefore.rate };
        return [{ country, year, request, outcome: next.rate }];
      }),
    )
    .toSorted((a, b) => a.year - b.year);
}

/** The part of every series that was known at the end of a year. */
export const knownUntil = (series: readonly Series[], year: number): readonly Series[] =>
  series.map(({ country, years }) => ({
    country,
    years: years.filter(({ end }) => Number(end.slice(0, 4)) <= year),
  }));
