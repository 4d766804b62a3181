import { styleText } from 'node:util';
import type { CliIo } from './program.ts';

type Cell = string | number | boolean | null | undefined;

/** Prints for people on a terminal, and for programs elsewhere or with `--json`. */
export interface Output {
  readonly isJson: boolean;
  /** Whether a person watches. */
  readonly isTerminal: boolean;
  /** The value as JSON, or its lines. */
  show(value: unknown, lines: () => readonly string[]): void;
  table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string[];
  /** Shows rows as JSON, as a table with a cell per title, or as the text `empty` where there are none. */
  list<Row>(rows: readonly Row[], cells: Readonly<Record<string, (row: Row) => Cell>>, empty?: string): void;
  /** Replaces the line of the progress. Only on a terminal. */
  progress(text: string): void;
}

const COLOURS: Readonly<Record<string, 'green' | 'red' | 'yellow'>> = {
  active: 'green',
  ready: 'green',
  succeeded: 'green',
  ok: 'green',
  failed: 'red',
  failing: 'red',
  expired: 'red',
  missing: 'red',
  running: 'yellow',
  queued: 'yellow',
  starting: 'yellow',
  draining: 'yellow',
};

export function createOutput({ output, errors, isTerminal, environment }: CliIo, isJson: boolean): Output {
  const hasColours = isTerminal && !isJson && environment.NO_COLOR === undefined;
  const painted = (text: string) => {
    const colour = COLOURS[text.trim()];
    return hasColours && colour ? styleText(colour, text, { validateStream: false }) : text;
  };
  const show: Output['show'] = (value, lines) => {
    const text = isJson ? JSON.stringify(value, null, 2) : lines().join('\n');
    output.write(`${text}\n`);
  };
  const table: Output['table'] = (titles, rows) => {
    const cells = [titles.map((title) => title.toUpperCase()), ...rows.map((row) => row.map(textOf))];
    const widths = titles.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    return cells.map((row) =>
      row
        .map((cell, column) => painted(column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    );
  };
  return {
    isJson,
    isTerminal,
    show,
    table,
    list(rows, cells, empty) {
      const titles = Object.keys(cells);
      const lines = () => rows.map((row) => Object.values(cells).map((cell) => cell(row)));
      show(rows, () => (rows.length === 0 && empty !== undefined ? [empty] : table(titles, lines())));
    },
    progress(text) {
      if (isTerminal && !isJson) errors.write(`\r\u001b[K${text}`);
    },
  };
}

const textOf = (cell: Cell): string => (cell === null || cell === undefined ? '-' : String(cell));
