import { ModelyardError } from '../errors.ts';

/** Steps of a backfill. */
export const BACKFILL_STEPS = ['day', 'week', 'month'] as const;
export type BackfillStep = (typeof BACKFILL_STEPS)[number];

const MAX_DATES = 1000;
const DAYS = { day: 1, week: 7 } as const;

/**
 * The logical dates of a backfill, oldest first, as `YYYY-MM-DD`; `to` is included. Throws `invalid_request` for a date
 * that does not exist, a reversed range and more than 1,000 dates.
 */
export function logicalDates(from: string, to: string, step: BackfillStep): readonly string[] {
  const [first, last] = [dateOf(from), dateOf(to)];
  if (first > last) throw invalid(`The backfill starts at ${from}, after its end ${to}.`);
  const dates: string[] = [];
  for (let index = 0; ; index++) {
    const date = later(first, index, step);
    if (date > last) return dates;
    if (dates.length === MAX_DATES) throw invalid(`A backfill has at most ${MAX_DATES} dates.`);
    dates.push(date.toISOString().slice(0, 10));
  }
}

function later(first: Date, steps: number, step: BackfillStep): Date {
  const date = new Date(first);
  if (step !== 'month') date.setUTCDate(date.getUTCDate() + steps * DAYS[step]);
  else {
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() + steps);
    const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
    // A day that a month does not have is replaced by the last day of the month.
    date.setUTCDate(Math.min(first.getUTCDate(), days));
  }
  return date;
}

function dateOf(text: string): Date {
  const date = new Date(`${text}T00:00:00Z`);
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime());
  if (!isDate || !date.toISOString().startsWith(text)) throw invalid(`${text} is not a date such as 2026-01-31.`);
  return date;
}

const invalid = (message: string): ModelyardError => new ModelyardError('invalid_request', message);
