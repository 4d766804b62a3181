import protobuf from 'protobufjs';
import { pseudoRandom } from '#test/support/pseudo-random.ts';

/** Size in bytes and time in microseconds per message. */
export interface Costs {
  readonly bytes: number;
  readonly encodeUs: number;
  readonly decodeUs: number;
}

/** The costs of one message in both formats. */
export interface Comparison {
  /** Share of number fields, 0 to 1. All other fields are strings. */
  readonly numberShare: number;
  readonly json: Costs;
  readonly protobuf: Costs;
}

/** Rounds of measurement. The first third is warm-up. */
interface Effort {
  readonly rounds: number;
  readonly perRound: number;
}

const FIELDS = 100;
const EFFORT: Effort = { rounds: 90, perRound: 150 };

/** Compares both formats for one mix. Throws when a format does not return the original values. */
export function compareMix(numberShare: number, effort = EFFORT): Comparison {
  const numbers = Math.round(FIELDS * numberShare);
  const type = new protobuf.Type('Mix');
  const message: Fields = {};
  const random = pseudoRandom(7);
  for (let i = 0; i < FIELDS; i++) {
    const isNumber = i < numbers;
    type.add(new protobuf.Field(`field_${i}`, i + 1, isNumber ? 'double' : 'string'));
    message[`field_${i}`] = isNumber ? (random() - 0.5) * 1e6 : wordOf(random);
  }
  new protobuf.Root().add(type);
  const formats: readonly Format[] = [
    { encode: (value) => Buffer.from(JSON.stringify(value)), decode: (bytes) => JSON.parse(bytes.toString()) },
    { encode: (value) => type.encode(value).finish(), decode: (bytes) => type.decode(bytes) },
  ];
  const [json, proto] = measure(formats, message, effort);
  if (!json || !proto) throw new Error('There are two formats.');
  return { numberShare, json, protobuf: proto };
}

type Fields = Record<string, string | number>;

interface Format {
  encode(value: Fields): Uint8Array;
  decode(bytes: Buffer): object;
}

/** Alternates between the formats, so that other load on the machine affects both. */
function measure(formats: readonly Format[], message: Fields, { rounds, perRound }: Effort): readonly Costs[] {
  const measured = formats.map(({ encode, decode }) => {
    const bytes = Buffer.from(encode(message));
    if (JSON.stringify(decode(bytes)) !== JSON.stringify(message))
      throw new Error('What came back is not what went in.');
    return { bytes, encode: () => encode(message), decode: () => decode(bytes), encodeUs: [0], decodeUs: [0] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { encode, decode, encodeUs, decodeUs } of measured) {
      encodeUs[round] = timeUs(encode, perRound);
      decodeUs[round] = timeUs(decode, perRound);
    }
  }
  return measured.map(({ bytes, encodeUs, decodeUs }) => ({
    bytes: bytes.byteLength,
    encodeUs: medianOfLater(encodeUs),
    decodeUs: medianOfLater(decodeUs),
  }));
}

function timeUs(run: () => unknown, times: number): number {
  const before = performance.now();
  for (let i = 0; i < times; i++) run();
  return ((performance.now() - before) / times) * 1000;
}

function medianOfLater(times: readonly number[]): number {
  const counted = times.slice(Math.floor(times.length / 3)).toSorted((a, b) => a - b);
  return counted[Math.floor(counted.length / 2)] ?? 0;
}

const wordOf = (random: () => number): string =>
  Array.from({ length: 4 + Math.floor(random() * 21) }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join(
    '',
  );
