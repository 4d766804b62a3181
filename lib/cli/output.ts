import { stripVTControlCharacters, styleText } from 'node:util';
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

export function createOutput({ output, errors, isTerminal, columns, environment }: CliIo, isJson: boolean): Output {
  const hasColours = isTerminal && !isJson && !environment.NO_COLOR;
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
  /** A line per cell, for terminals that are narrower than the table. */
  const records = (titles: readonly string[], rows: readonly (readonly Cell[])[]): string[] => {
    const width = Math.max(...titles.map(({ length }) => length));
    return rows.flatMap((row, at) => [
      ...(at === 0 ? [] : ['']),
      ...row.map((cell, column) => `${titles[column]?.toUpperCase().padEnd(width)}  ${painted(textOf(cell))}`),
    ]);
  };
  return {
    isJson,
    isTerminal,
    show,
    table,
    list(rows, cells, empty) {
      const titles = Object.keys(cells);
      const lines = () => {
        if (rows.length === 0 && empty !== undefined) return [empty];
        const values = rows.map((row) => Object.values(cells).map((cell) => cell(row)));
        const asTable = table(titles, values);
        const isTooWide = columns > 0 && asTable.some((line) => stripVTControlCharacters(line).length > columns);
        return isTooWide ? records(titles, values) : asTable;
      };
      show(rows, lines);
    },
    progress(text) {
      if (!isTerminal || isJson) return;
      // A line that wraps could not be replaced.
      errors.write(`\r\u001b[K${columns > 0 ? text.slice(0, columns - 1) : text}`);
    },
  };
}

const textOf = (cell: Cell): string => (cell === null || cell === undefined ? '-' : String(cell));
