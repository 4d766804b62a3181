import protobuf from 'protobufjs';

/** Bytes, and microseconds per message. */
export interface Costs {
  readonly bytes: number;
  readonly encodeUs: number;
  readonly decodeUs: number;
}

export interface Comparison {
  /** 0 to 1; all other fields are strings. */
  readonly numberShare: number;
  readonly json: Costs;
  readonly protobuf: Costs;
}

const FIELDS = 100;
const ROUNDS = 60;
const PER_ROUND = 200;

/** One message of this mix, in both formats. Throws when either does not give back what went in. */
export function compareMix(numberShare: number): Comparison {
  const numbers = Math.round(FIELDS * numberShare);
  const type = new protobuf.Type('Mix');
  const message: Record<string, string | number> = {};
  const random = pseudoRandom(7);
  for (let i = 0; i < FIELDS; i++) {
    const isNumber = i < numbers;
    type.add(new protobuf.Field(`field_${i}`, i + 1, isNumber ? 'double' : 'string'));
    message[`field_${i}`] = isNumber ? (random() - 0.5) * 1e6 : wordOf(random);
  }
  new protobuf.Root().add(type);
  const json = measure(
    (value) => Buffer.from(JSON.stringify(value)),
    (bytes) => JSON.parse(bytes.toString()),
    message,
  );
  const proto = measure(
    (value) => type.encode(value).finish(),
    (bytes) => type.decode(bytes),
    message,
  );
  return { numberShare, json, protobuf: proto };
}

type Fields = Record<string, string | number>;

function measure(encode: (value: Fields) => Uint8Array, decode: (bytes: Uint8Array) => object, message: Fields): Costs {
  const bytes = encode(message);
  if (JSON.stringify(decode(bytes)) !== JSON.stringify(message)) throw new Error('What came back is not what went in.');
  return {
    bytes: bytes.byteLength,
    encodeUs: medianUs(() => encode(message)),
    decodeUs: medianUs(() => decode(bytes)),
  };
}

/** The first rounds warm the compiler up, and do not count. */
function medianUs(run: () => unknown): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now();
    for (let i = 0; i < PER_ROUND; i++) run();
    times.push(((performance.now() - before) / PER_ROUND) * 1000);
  }
  const counted = times.slice(ROUNDS / 3).toSorted((a, b) => a - b);
  return counted[Math.floor(counted.length / 2)] ?? 0;
}

/** The same message in every run: mulberry32. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return function next() {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const wordOf = (random: () => number): string =>
  Array.from({ length: 4 + Math.floor(random() * 21) }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join(
    '',
  );
