/** What looks like one of our secrets, wherever it stands: API keys, refresh tokens, JWTs, hashes and private keys. */
const SECRET_FORMATS = [
  /\bmd[yr]_[\w-]{40}_[\w-]{43}/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{20,}/,
  /\$scrypt\$/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /"d":"[\w-]{43}"/,
] as const;
/** Shorter ones may stand in any text. */
const MIN_LENGTH = 10;
const MAX_KEPT = 20_000_000;
/** A secret may be split between two chunks of output. */
const OVERLAP = 512;

/** Searches the output of the programs under test for secrets: for known ones, and for the formats of ours. */
export class SecretWatch {
  readonly #known = new Set<string>();
  readonly #found = new Map<string, string>();
  readonly #ends = new Map<string, string>();
  #kept: (readonly [source: string, text: string])[] = [];
  #size = 0;

  /** A secret that a test uses. */
  plant(secret: unknown): void {
    if (typeof secret === 'string' && secret.length >= MIN_LENGTH) this.#known.add(secret);
  }

  /** Output of a program. Later chunks of a source continue the earlier ones. */
  note(source: string, chunk: string): void {
    const text = `${this.#ends.get(source) ?? ''}${chunk}`;
    this.#ends.set(source, text.slice(-OVERLAP));
    for (const format of SECRET_FORMATS)
      if (format.test(text)) this.#tell(source, `${format}`, text.search(format), text);
    this.#kept.push([source, text]);
    this.#size += text.length;
    while (this.#size > MAX_KEPT) {
      const [, oldest] = this.#kept.shift() ?? ['', ''];
      this.#search('', oldest);
      this.#size -= oldest.length;
    }
  }

  /** A sentence for each secret that was found since the last call. */
  findings(): readonly string[] {
    for (const [source, text] of this.#kept) this.#search(source, text);
    this.#kept = [];
    this.#size = 0;
    const found = [...this.#found.values()];
    this.#found.clear();
    return found;
  }

  #search(source: string, text: string): void {
    for (const secret of this.#known) {
      const at = text.indexOf(secret);
      if (at >= 0) this.#tell(source, 'a secret of the test', at, text);
    }
  }

  #tell(source: string, what: string, at: number, text: string): void {
    const told = `${source} has ${what}`;
    this.#found.set(told, `${told}: ${text.slice(Math.max(0, at - 120), at + 60)}`);
  }
}
