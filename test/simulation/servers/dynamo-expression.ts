import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '#adapters/aws/attributes.ts';

/** The names and values that an expression refers to. */
export interface ExpressionArguments {
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue> | undefined;
}

type Operand = (item: Item, args: ExpressionArguments) => AttributeValue | undefined;
type Condition = (item: Item, args: ExpressionArguments) => boolean;
type Change = (before: Item, after: Item, args: ExpressionArguments) => void;

const TOKEN = /\s*([A-Za-z_][\w]*|[#:][\w]+|<>|<=|>=|[=<>(),+-])/y;

/** Reads condition and update expressions of DynamoDB, as far as task rows need them. Throws for anything else. */
class Parser {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const match = TOKEN.exec(text);
      if (!match?.[1]) throw new Error(`The simulated DynamoDB cannot read "${text}".`);
      this.#tokens.push(match[1]);
    }
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  condition(): Condition {
    const parts = this.#list('OR', () => this.#all());
    return (item, args) => parts.some((part) => part(item, args));
  }

  change(): Change {
    const changes: Change[] = [];
    while (!this.isAtEnd) {
      const clause = this.#next();
      if (clause === 'SET') changes.push(...this.#list(',', () => this.#assignment()));
      else if (clause === 'REMOVE') changes.push(...this.#list(',', () => this.#removal()));
      else if (clause === 'ADD')
        changes.push(...this.#list(',', () => this.#setChange((all, more) => [...all, ...more])));
      else if (clause === 'DELETE') {
        const without = (all: readonly string[], less: readonly string[]) => all.filter((each) => !less.includes(each));
        changes.push(...this.#list(',', () => this.#setChange(without)));
      } else throw new Error(`The simulated DynamoDB does not know ${clause}.`);
    }
    return (before, after, args) => {
      for (const change of changes) change(before, after, args);
    };
  }

  #all(): Condition {
    const parts = this.#list('AND', () => this.#one());
    return (item, args) => parts.every((part) => part(item, args));
  }

  #one(): Condition {
    if (this.#skip('NOT')) {
      const negated = this.#one();
      return (item, args) => !negated(item, args);
    }
    if (this.#skip('(')) {
      const inner = this.condition();
      this.#expect(')');
      return inner;
    }
    if (this.#peek() === 'attribute_exists' || this.#peek() === 'attribute_not_exists') {
      const isWanted = this.#next() === 'attribute_exists';
      this.#expect('(');
      const operand = this.#operand();
      this.#expect(')');
      return (item, args) => (operand(item, args) !== undefined) === isWanted;
    }
    return this.#comparison();
  }

  #comparison(): Condition {
    const left = this.#operand();
    const operator = this.#next();
    if (operator === 'IN') {
      this.#expect('(');
      const options = this.#list(',', () => this.#operand());
      this.#expect(')');
      return (item, args) => options.some((option) => compare(left(item, args), option(item, args)) === 0);
    }
    const holds = COMPARISONS[operator];
    if (!holds) throw new Error(`The simulated DynamoDB does not know ${operator}.`);
    const right = this.#operand();
    return (item, args) => {
      const order = compare(left(item, args), right(item, args));
      return order === undefined ? operator === '<>' : holds(order);
    };
  }

  #assignment(): Change {
    const name = this.#name();
    this.#expect('=');
    const value = this.#sum();
    return (before, after, args) => {
      const assigned = value(before, args);
      if (assigned === undefined) throw new Error('ValidationException: an attribute of the expression is missing.');
      after[name(args)] = assigned;
    };
  }

  #sum(): Operand {
    const left = this.#value();
    const sign = this.#skip('+') ? 1 : this.#skip('-') ? -1 : 0;
    if (sign === 0) return left;
    const right = this.#value();
    return (item, args) => ({ N: String(Number(left(item, args)?.N) + sign * Number(right(item, args)?.N)) });
  }

  #value(): Operand {
    if (this.#skip('list_append')) {
      this.#expect('(');
      const head = this.#value();
      this.#expect(',');
      const tail = this.#value();
      this.#expect(')');
      return (item, args) => ({ L: [...(head(item, args)?.L ?? []), ...(tail(item, args)?.L ?? [])] });
    }
    if (!this.#skip('if_not_exists')) return this.#operand();
    this.#expect('(');
    const kept = this.#operand();
    this.#expect(',');
    const otherwise = this.#operand();
    this.#expect(')');
    return (item, args) => kept(item, args) ?? otherwise(item, args);
  }

  #removal(): Change {
    const name = this.#name();
    return (_before, after, args) => {
      delete after[name(args)];
    };
  }

  /** Of a set of strings. An empty set is no attribute. */
  #setChange(change: (all: readonly string[], given: readonly string[]) => readonly string[]): Change {
    const name = this.#name();
    const operand = this.#operand();
    return (before, after, args) => {
      const given = operand(before, args)?.SS;
      if (!given) throw new Error('ValidationException: the operand is not a set of strings.');
      const changed = new Set(change(before[name(args)]?.SS ?? [], given));
      if (changed.size > 0) after[name(args)] = { SS: [...changed] };
      else delete after[name(args)];
    };
  }

  #operand(): Operand {
    if (this.#skip('size')) {
      this.#expect('(');
      const set = this.#operand();
      this.#expect(')');
      return (item, args) => {
        const elements = set(item, args)?.SS;
        return elements && { N: String(elements.length) };
      };
    }
    if (!this.#peek().startsWith(':')) {
      const name = this.#name();
      return (item, args) => item[name(args)];
    }
    const value = this.#next();
    return (_item, args) => {
      const given = args.ExpressionAttributeValues?.[value];
      if (given === undefined) throw new Error(`ValidationException: ${value} is not defined.`);
      return given;
    };
  }

  #name(): (args: ExpressionArguments) => string {
    const token = this.#next();
    if (!token.startsWith('#')) return () => token;
    return ({ ExpressionAttributeNames: names }) => {
      const name = names?.[token];
      if (name === undefined) throw new Error(`ValidationException: ${token} is not defined.`);
      return name;
    };
  }

  #list<T>(separator: string, read: () => T): T[] {
    const items = [read()];
    while (this.#skip(separator)) items.push(read());
    return items;
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    this.#at += 1;
    return this.#tokens[this.#at - 1] ?? '';
  }

  #skip(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#skip(token)) throw new Error(`The simulated DynamoDB expected ${token} before "${this.#peek()}".`);
  }
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Undefined where one of the two is missing, or they are of different types. */
function compare(a: AttributeValue | undefined, b: AttributeValue | undefined): number | undefined {
  if (a?.N !== undefined && b?.N !== undefined) return Number(a.N) - Number(b.N);
  if (a?.S !== undefined && b?.S !== undefined) return a.S < b.S ? -1 : Number(a.S > b.S);
  if (a?.BOOL !== undefined && b?.BOOL !== undefined) return Number(a.BOOL) - Number(b.BOOL);
  if (a?.B !== undefined && b?.B !== undefined) return Buffer.compare(a.B, b.B);
  return undefined;
}

const conditions = new Map<string, Condition>();
const changes = new Map<string, Change>();

function parsed<T>(cache: Map<string, T>, text: string, read: (parser: Parser) => T): T {
  const known = cache.get(text);
  if (known) return known;
  const parser = new Parser(text);
  const made = read(parser);
  if (!parser.isAtEnd) throw new Error(`The simulated DynamoDB cannot read "${text}".`);
  cache.set(text, made);
  return made;
}

/** Whether the condition holds for the row; a missing row has no attributes. */
export const meets = (text: string, item: Item | undefined, args: ExpressionArguments): boolean =>
  parsed(conditions, text, (parser) => parser.condition())(item ?? {}, args);

/** The row after the update. */
export function updated(text: string, item: Item, args: ExpressionArguments): Item {
  const after = { ...item };
  parsed(changes, text, (parser) => parser.change())(item, after, args);
  return after;
}
