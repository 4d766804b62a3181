/** Where a text stops being JSON, and why, in one sentence. */
export interface Fault {
  /** Index of the UTF-16 unit. */
  readonly offset: number;
  readonly message: string;
}

const SPACE = /[ \t\r\n]*/y;
/** Everything from the space on, without the quote and the backslash. */
const STRING_CHARS = /[ !#-[\]-\uffff]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
/** What may follow a number: nothing that would make it longer. */
const NUMBER_TAIL = /[0-9A-Za-z.+-]/y;

type State = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or }' | 'comma or ]' | 'end';

const EXPECTED: Readonly<Record<State, string>> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a key in double quotes',
  'key or }': 'a key in double quotes or "}"',
  colon: '":" after the key',
  'comma or }': '"," or "}"',
  'comma or ]': '"," or "]"',
  end: 'the end of the body',
};

/** Where `JSON.parse` fails on the text, or where a key is given twice. Only for texts of which that is known. */
export const findFault = (text: string): Fault => new Scanner(text).scan();

/** Reads token by token without recursion, so that no depth of nesting can break it. */
class Scanner {
  readonly #text: string;
  #offset = 0;
  #state: State = 'value';
  /** The keys seen of each open object; undefined for an open array. */
  readonly #open: (Set<string> | undefined)[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  scan(): Fault {
    for (;;) {
      this.#take(SPACE);
      const fault = this.#step(this.#text.charAt(this.#offset));
      if (fault) return fault;
    }
  }

  #step(next: string): Fault | undefined {
    switch (this.#state) {
      case 'end':
        return this.#unexpected();
      case 'colon':
        return next === ':' ? this.#advance('value') : this.#unexpected();
      case 'key':
      case 'key or }':
        if (next === '}' && this.#state === 'key or }') return this.#close();
        return next === '"' ? this.#key() : this.#unexpected();
      case 'comma or }':
        return next === '}' ? this.#close() : next === ',' ? this.#advance('key') : this.#unexpected();
      case 'comma or ]':
        return next === ']' ? this.#close() : next === ',' ? this.#advance('value') : this.#unexpected();
      default:
        if (next === ']' && this.#state === 'value or ]') return this.#close();
        return this.#value(next);
    }
  }

  #value(next: string): Fault | undefined {
    if (next === '{' || next === '[') {
      this.#open.push(next === '{' ? new Set() : undefined);
      return this.#advance(next === '{' ? 'key or }' : 'value or ]');
    }
    if (next === '"') return this.#string() ?? this.#afterValue();
    if (next === '-' || (next >= '0' && next <= '9')) return this.#number() ?? this.#afterValue();
    const word = this.#peek(WORD);
    if (word !== 'true' && word !== 'false' && word !== 'null') return this.#unexpected();
    this.#offset += word.length;
    return this.#afterValue();
  }

  #key(): Fault | undefined {
    const start = this.#offset;
    const fault = this.#string();
    if (fault) return fault;
    const key: string = JSON.parse(this.#text.slice(start, this.#offset));
    const keys = this.#open.at(-1);
    if (keys?.has(key)) {
      return { offset: start, message: `the key ${quote(key)} is given twice in the same object.` };
    }
    keys?.add(key);
    this.#state = 'colon';
    return undefined;
  }

  #string(): Fault | undefined {
    this.#offset += 1;
    for (;;) {
      this.#take(STRING_CHARS);
      const next = this.#text.charAt(this.#offset);
      if (next === '"') {
        this.#offset += 1;
        return undefined;
      }
      if (next === '') return this.#fault('the body ends inside a string.');
      if (next !== '\\') return this.#fault('a control character in a string must be escaped.');
      if (this.#take(ESCAPE) === '')
        return this.#fault('this escape is not one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX.');
    }
  }

  #number(): Fault | undefined {
    const start = this.#offset;
    const complete = this.#take(NUMBER) !== '' && this.#peek(NUMBER_TAIL) === '';
    return complete ? undefined : { offset: start, message: 'this is not how JSON writes a number.' };
  }

  #close(): undefined {
    this.#open.pop();
    this.#offset += 1;
    return this.#afterValue();
  }

  #advance(state: State): undefined {
    this.#offset += 1;
    this.#state = state;
  }

  #afterValue(): undefined {
    if (this.#open.length === 0) this.#state = 'end';
    else this.#state = this.#open.at(-1) ? 'comma or }' : 'comma or ]';
  }

  #unexpected(): Fault {
    const found = this.#offset >= this.#text.length ? 'the body ends here' : `found ${this.#found()}`;
    return this.#fault(`expected ${EXPECTED[this.#state]}, but ${found}.`);
  }

  #found(): string {
    return quote(this.#peek(WORD) || String.fromCodePoint(this.#text.codePointAt(this.#offset) ?? 0));
  }

  #fault(message: string): Fault {
    return { offset: this.#offset, message };
  }

  /** What matches here, `""` when nothing does. */
  #peek(pattern: RegExp): string {
    pattern.lastIndex = this.#offset;
    return pattern.exec(this.#text)?.[0] ?? '';
  }

  #take(pattern: RegExp): string {
    const taken = this.#peek(pattern);
    this.#offset += taken.length;
    return taken;
  }
}

const MAX_QUOTED = 40;

const quote = (text: string): string =>
  JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
