import { ModelyardError } from '../errors.ts';

/** A value of an expression. Null: unknown. Comparisons give 1 and 0. */
type ExpressionValue = number | null;

/** A formula over columns that has the same value in SQL and here, so that training and serving see the same features. */
export interface Expression {
  /** The columns it uses, each once. */
  readonly columns: readonly string[];
  evaluate(row: Readonly<Record<string, unknown>>): ExpressionValue;
  /** `column`: the SQL of a column. Text that is not a number is unknown. */
  toSql(column: (name: string) => string): string;
}

type Node =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly args: readonly Node[] };

interface FunctionRule {
  /** Smallest and largest number of arguments. */
  readonly arity: readonly [number, number];
  readonly evaluate: (...args: ExpressionValue[]) => ExpressionValue;
  readonly toSql: (...args: string[]) => string;
}

/** Unknown when an argument is. */
const strict = (compute: (...args: number[]) => ExpressionValue) =>
  function strictly(...args: ExpressionValue[]): ExpressionValue {
    if (args.some((arg) => arg === null)) return null;
    return compute(...(args as number[]));
  };

const binary = (operator: string, compute: (a: number, b: number) => ExpressionValue): FunctionRule => ({
  arity: [2, 2],
  evaluate: strict(compute as (...args: number[]) => ExpressionValue),
  toSql: (a, b) => `(${a} ${operator} ${b})`,
});

const comparison = (operator: string, holds: (a: number, b: number) => boolean): FunctionRule => ({
  arity: [2, 2],
  evaluate: strict((a = 0, b = 0) => Number(holds(a, b))),
  toSql: (a, b) => `CAST((${a} ${operator} ${b}) AS DOUBLE)`,
});

const MANY = 20;
const FUNCTIONS = {
  '+': binary('+', (a, b) => a + b),
  '-': binary('-', (a, b) => a - b),
  '*': binary('*', (a, b) => a * b),
  '/': { ...binary('/', (a, b) => (b === 0 ? null : a / b)), toSql: (a, b) => `(${a} / nullif(${b}, 0))` },
  '<': comparison('<', (a, b) => a < b),
  '>': comparison('>', (a, b) => a > b),
  '<=': comparison('<=', (a, b) => a <= b),
  '>=': comparison('>=', (a, b) => a >= b),
  '=': comparison('=', (a, b) => a === b),
  abs: { arity: [1, 1], evaluate: strict(Math.abs), toSql: (a) => `abs(${a})` },
  sqrt: {
    arity: [1, 1],
    evaluate: strict((a = 0) => (a >= 0 ? Math.sqrt(a) : null)),
    toSql: (a) => `CASE WHEN ${a} >= 0 THEN sqrt(${a}) END`,
  },
  ln: {
    arity: [1, 1],
    evaluate: strict((a = 0) => (a > 0 ? Math.log(a) : null)),
    toSql: (a) => `CASE WHEN ${a} > 0 THEN ln(${a}) END`,
  },
  floor: { arity: [1, 1], evaluate: strict(Math.floor), toSql: (a) => `floor(${a})` },
  coalesce: {
    arity: [1, MANY],
    evaluate: (...args) => args.find((arg) => arg !== null) ?? null,
    toSql: (...args) => `coalesce(${args.join(', ')})`,
  },
  if: {
    arity: [3, 3],
    evaluate: (condition, yes, no) => (condition === null ? null : ((condition === 0 ? no : yes) ?? null)),
    toSql: (condition, yes, no) =>
      `CASE WHEN ${condition} IS NULL THEN NULL WHEN ${condition} <> 0 THEN ${yes} ELSE ${no} END`,
  },
} as const satisfies Record<string, FunctionRule>;

type FunctionName = keyof typeof FUNCTIONS;

const TOKEN = /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(<=|>=|[-+*/<>=(),]))/y;
const MAX_LENGTH = 1_000;
const COMPARISONS = ['<', '>', '<=', '>=', '='];

/**
 * Parses a formula such as `power / 1000` or `if(age > 30, 1, 0)`. Functions: abs, sqrt, ln, floor, coalesce, if.
 * Division by zero and other results that are no numbers are unknown. Throws `invalid_input` with one sentence.
 */
export function parseExpression(text: string): Expression {
  const tree = new Parser(tokensOf(text), text).parse();
  const columns = new Set<string>();
  collect(tree, columns);
  return {
    columns: [...columns],
    evaluate(row) {
      const value = evaluate(tree, row);
      return Number.isFinite(value) ? value : null;
    },
    // A result that is not finite is unknown.
    toSql(column) {
      const sql = toSql(tree, column);
      return `CASE WHEN isfinite(${sql}) THEN ${sql} END`;
    },
  };
}

function tokensOf(text: string): readonly string[] {
  if (text.length > MAX_LENGTH) throw fault(text, `it has more than ${MAX_LENGTH} characters`);
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw fault(text, `«${text.slice(at).trim().slice(0, 10)}» is not understood`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #text: string;
  #at = 0;

  constructor(tokens: readonly string[], text: string) {
    this.#tokens = tokens;
    this.#text = text;
  }

  parse(): Node {
    const tree = this.#comparison();
    if (this.#at < this.#tokens.length) throw fault(this.#text, `«${this.#tokens[this.#at]}» is not expected`);
    return tree;
  }

  #comparison(): Node {
    const left = this.#chain(['+', '-'], () => this.#chain(['*', '/'], () => this.#unary()));
    if (!COMPARISONS.includes(this.#next ?? '')) return left;
    const name = this.#take() as FunctionName;
    return {
      kind: 'call',
      name,
      args: [left, this.#chain(['+', '-'], () => this.#chain(['*', '/'], () => this.#unary()))],
    };
  }

  #chain(operators: readonly string[], operand: () => Node): Node {
    let left = operand();
    while (operators.includes(this.#next ?? '')) {
      const name = this.#take() as FunctionName;
      left = { kind: 'call', name, args: [left, operand()] };
    }
    return left;
  }

  #unary(): Node {
    if (this.#next !== '-') return this.#primary();
    this.#take();
    return { kind: 'call', name: '-', args: [{ kind: 'number', value: 0 }, this.#unary()] };
  }

  #primary(): Node {
    const token = this.#take();
    if (/^\d/.test(token)) return { kind: 'number', value: Number(token) };
    if (token === '(') {
      const inner = this.#comparison();
      this.#expect(')');
      return inner;
    }
    if (!/^[A-Za-z_]/.test(token)) throw fault(this.#text, `«${token}» is not expected`);
    return this.#next === '(' ? this.#call(token) : { kind: 'column', name: token };
  }

  #call(name: string): Node {
    if (!Object.hasOwn(FUNCTIONS, name)) throw fault(this.#text, `there is no function ${name}`);
    this.#expect('(');
    const args: Node[] = [this.#comparison()];
    while (this.#next === ',') {
      this.#take();
      args.push(this.#comparison());
    }
    this.#expect(')');
    const [least, most] = FUNCTIONS[name as FunctionName].arity;
    if (args.length < least || args.length > most) throw fault(this.#text, `${name} takes another number of arguments`);
    return { kind: 'call', name: name as FunctionName, args };
  }

  get #next(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw fault(this.#text, 'it ends too early');
    this.#at += 1;
    return token;
  }

  #expect(token: string): void {
    if (this.#take() !== token) throw fault(this.#text, `«${token}» is missing`);
  }
}

function collect(node: Node, columns: Set<string>): void {
  if (node.kind === 'column') columns.add(node.name);
  if (node.kind === 'call') for (const arg of node.args) collect(arg, columns);
}

function evaluate(node: Node, row: Readonly<Record<string, unknown>>): ExpressionValue {
  if (node.kind === 'number') return node.value;
  if (node.kind === 'column') return numberOf(row[node.name]);
  const args = node.args.map((arg) => evaluate(arg, row));
  const rule: FunctionRule = FUNCTIONS[node.name];
  return rule.evaluate(...args);
}

function numberOf(value: unknown): ExpressionValue {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function toSql(node: Node, column: (name: string) => string): string {
  if (node.kind === 'number') return `CAST(${node.value} AS DOUBLE)`;
  if (node.kind === 'column') return `try_cast(${column(node.name)} AS DOUBLE)`;
  const rule: FunctionRule = FUNCTIONS[node.name];
  return rule.toSql(...node.args.map((arg) => toSql(arg, column)));
}

const fault = (text: string, why: string) =>
  new ModelyardError('invalid_input', `The expression «${text.slice(0, 100)}» is not valid: ${why}.`);
