import { globSync, readFileSync } from 'node:fs';
import { ROOT } from '../architecture/cruise.ts';

/** A Markdown page of the repository. */
export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export const readPage = (path: string): Page => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') });

/** Every page that people read, but for generated reports and GitHub's templates. */
export const pages = (): readonly Page[] =>
  ['*.md', 'docs/**/*.md', 'lib/**/*.md', 'model-containers/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .toSorted()
    .map(readPage);

/** The numbered pages, in reading order. */
export const architecturePages = (): readonly Page[] => pages().filter(({ path }) => /^docs\/\d-/.test(path));

/** The files that a page shows: a path alone on a line, and a code block right below it. */
export const fileBlocks = (text: string): { readonly path: string; readonly text: string }[] =>
  [...text.matchAll(/^`([^`\n]+)`\n```\w+\n(.*?)^```$/gms)].map(([, path = '', block = '']) => ({ path, text: block }));

/** The code blocks of one language. */
export const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gms)].flatMap(([, name, block = '']) =>
    name === language ? [block] : [],
  );

/** The rows of the tables whose first column has this heading, without the backticks around a cell. */
export const tableRows = (text: string, heading: string): string[][] =>
  [...text.matchAll(/^\|.*\|\n\| ?-.*\n(?:\|.*\n?)*/gm)].flatMap(([table]) => {
    const [head = [], , ...rows] = table.trimEnd().split('\n').map(cells);
    return head[0] === heading ? rows : [];
  });

const cells = (row: string): string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The names in backticks in one cell: `A`, `B`. */
export const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** What remains of a page without code, tables and headings. */
const prose = (text: string): string =>
  text
    .replaceAll(/^ *```.*?^ *```$/gms, '')
    .replaceAll(/^(?:\||#).*$/gm, '')
    .replaceAll(/^`[^`\n]+`$/gm, '')
    .replaceAll(/\]\([^)]*\)/g, ']');

/** The sentences of a page. An item of a list is at least one. */
export const sentences = (text: string): string[][] =>
  prose(text)
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )|(?<=[.!?][)*_"]*)\s+(?=[A-Z*`[(0-9])/)
    .map((sentence) => sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)))
    .filter(({ length }) => length > 0);

/** The anchors of a page's headings, as GitHub makes them. */
export const anchors = (text: string): string[] =>
  [...text.replaceAll(/^ *```.*?^ *```$/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

export interface Link {
  readonly page: string;
  readonly label: string;
  /** As written: a path relative to the page, perhaps with an anchor. */
  readonly target: string;
}

/** The links of a page that lead into the repository. */
export const localLinks = ({ path, text }: Page): Link[] =>
  [...text.replaceAll(/^ *```.*?^ *```$/gms, '').matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)]
    .map(([, label = '', target = '']) => ({ page: path, label, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
