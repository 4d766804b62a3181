import { FEATURES, type Observation } from '../features.ts';
import type { EconomyYear } from './simulate.ts';

const COLUMNS = ['economy', 'year', ...FEATURES, 'gdp_growth_rate'] as const satisfies readonly (keyof EconomyYear)[];

/** Years from this one on are held out for evaluation. */
export const FIRST_HELD_OUT_YEAR = 21;

/** Rows for fitting, and rows for evaluation. */
export interface Split {
  readonly fitting: readonly Observation[];
  readonly heldOut: readonly Observation[];
}

export function formatCsv(rows: readonly EconomyYear[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => row[column]).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\n')}\n`;
}

/** Throws an error with the line number for a malformed header or row. */
export function parseCsv(text: string): EconomyYear[] {
  const [header, ...lines] = text.trimEnd().split('\n');
  if (header !== COLUMNS.join(',')) throw new Error(`Line 1: expected the columns ${COLUMNS.join(', ')}.`);
  return lines.map((line, index) => parseRow(line, index + 2));
}

function parseRow(line: string, lineNumber: number): EconomyYear {
  const cells = line.split(',').map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell)));
  if (cells.length !== COLUMNS.length || cells.some((cell) => !Number.isFinite(cell)))
    throw new Error(`Line ${lineNumber}: expected ${COLUMNS.length} numbers.`);
  return Object.fromEntries(COLUMNS.map((column, index) => [column, cells[index]])) as unknown as EconomyYear;
}

export function split(rows: readonly EconomyYear[]): Split {
  return {
    fitting: rows.filter(({ year }) => year < FIRST_HELD_OUT_YEAR).map(toObservation),
    heldOut: rows.filter(({ year }) => year >= FIRST_HELD_OUT_YEAR).map(toObservation),
  };
}

const toObservation = ({ gdp_growth_rate: growth, economy: _, year: __, ...features }: EconomyYear): Observation => ({
  features,
  growth,
});
