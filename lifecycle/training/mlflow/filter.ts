import { invalid } from './mlflow-error.ts';

const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', 'LIKE', 'ILIKE', 'IN', 'NOT IN', 'IS NULL', 'IS NOT NULL'] as const;
export type FilterOperator = (typeof OPERATORS)[number];

/** One comparison of a filter such as `metrics.rmse < 1 AND tags."my key" = 'a'`. */
export interface Comparison {
  /** In the singular: `metric`, `param`, `tag`, `attribute`. */
  readonly kind: string;
  readonly key: string;
  readonly operator: FilterOperator;
  readonly value: string | number | readonly string[];
}

interface Token {
  readonly type: 'word' | 'name' | 'text' | 'number' | 'operator' | 'mark';
  readonly text: string;
}

const TOKENS =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<name>"[^"]*"|`[^`]*`)|(?<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w/]))|(?<operator><=|>=|!=|=|<|>)|(?<mark>[(),.])|(?<word>[\w/-]+))/uy;

const KINDS: Readonly<Record<string, string>> = {
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
};

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKENS.lastIndex = 0;
  while (text.slice(TOKENS.lastIndex).trim() !== '') {
    const at = TOKENS.lastIndex;
    const groups = TOKENS.exec(text)?.groups;
    const found = Object.entries(groups ?? {}).find(([, value]) => value !== undefined);
    if (!found) throw invalid(`The filter cannot be read at: ${text.slice(at, at + 20)}`);
    const [type, value] = found as [Token['type'], string];
    tokens.push({ type, text: type === 'name' ? value.slice(1, -1) : value });
  }
  return tokens;
}

/** The comparisons of a filter, which hold together. Throws `INVALID_PARAMETER_VALUE` for another text. */
export function parseFilter(text = ''): readonly Comparison[] {
  const tokens = tokensOf(text);
  const comparisons: Comparison[] = [];
  let at = 0;
  const peekWord = (offset = 0) =>
    tokens[at + offset]?.type === 'word' ? tokens[at + offset]?.text.toUpperCase() : undefined;
  const take = (): Token => {
    const token = tokens[at++];
    if (!token) throw invalid(`The filter ends too early: ${text}`);
    return token;
  };

  function field(): Pick<Comparison, 'kind' | 'key'> {
    const first = take();
    if (first.type !== 'word' && first.type !== 'name') throw invalid(`The filter has no field at: ${first.text}`);
    let key = '';
    while (tokens[at]?.text === '.' && tokens[at]?.type === 'mark') {
      at++;
      key += `${key === '' ? '' : '.'}${take().text}`;
    }
    if (key === '') return { kind: 'attribute', key: first.text };
    const kind = KINDS[first.text.toLowerCase()];
    if (kind === undefined) throw invalid(`The filter names ${first.text}, which is no kind of field.`);
    return { kind, key };
  }

  function operator(): FilterOperator {
    const words = [1, 2, 3].map((count) => [...Array(count).keys()].map((each) => peekWord(each)).join(' '));
    const found = words.toReversed().find((each) => (OPERATORS as readonly string[]).includes(each));
    at += found?.split(' ').length ?? 1;
    const name = found ?? tokens[at - 1]?.text;
    const known = OPERATORS.find((each) => each === name);
    if (!known) throw invalid(`The filter has no comparison at: ${name ?? text}`);
    return known;
  }

  function list(): readonly string[] {
    if (take().text !== '(') throw invalid('IN needs a list in parentheses.');
    const values: string[] = [];
    for (;;) {
      values.push(literalOf(take()) as string);
      const { text: mark } = take();
      if (mark === ')') return values.map(String);
      if (mark !== ',') throw invalid('The values of a list are separated by commas.');
    }
  }

  while (at < tokens.length) {
    if (comparisons.length > 0 && take().text.toUpperCase() !== 'AND') throw invalid('A filter joins with AND only.');
    const left = field();
    const compared = operator();
    const value = compared.endsWith('NULL') ? '' : compared.endsWith('IN') ? list() : literalOf(take());
    comparisons.push({ ...left, operator: compared, value });
  }
  return comparisons;
}

function literalOf({ type, text }: Token): string | number {
  if (type === 'text') return text.slice(1, -1).replaceAll("''", "'");
  if (type === 'name') return text;
  if (type === 'number') return Number(text);
  throw invalid(`The filter has no value at: ${text}`);
}

/** One term of `order_by`, such as `metrics.rmse DESC`. */
export interface Order extends Pick<Comparison, 'kind' | 'key'> {
  readonly direction: 'asc' | 'desc';
}

export function parseOrder(text: string): Order {
  const [, term = '', direction = 'asc'] = /^\s*(.*?)(?:\s+(asc|desc))?\s*$/isu.exec(text) ?? [];
  const [comparison] = parseFilter(`${term} IS NULL`);
  if (!comparison) throw invalid(`The order cannot be read: ${text}`);
  return {
    kind: comparison.kind,
    key: comparison.key,
    direction: direction.toLowerCase() === 'desc' ? 'desc' : 'asc',
  };
}
