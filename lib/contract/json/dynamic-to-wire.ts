import { entryBehind, type KeyRange, SLICE } from './json-tape.ts';
import { fetchAhead, sortedKeys } from './key-order.ts';
import type { MessageReader } from './message-reader.ts';
import { MAX_DEPTH, TOO_DEEP } from './wire-types.ts';

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** Any JSON value. In protobuf, an object has three levels of messages and an array two. */
export function writeDynamic(reader: MessageReader, entry: number, depth: number): void {
  if (depth > MAX_DEPTH) {
    reader.problems.add(TOO_DEEP);
    return;
  }
  const { writer, scalars } = reader;
  const kind = reader.kindOf(entry);
  if (kind === OPEN_BRACE || kind === OPEN_BRACKET) {
    const number = kind === OPEN_BRACE ? 5 : 6;
    if (reader.endOf(entry) === entry + 2) {
      reader.writeEmpty(number);
      return;
    }
    const open = reader.openField(number);
    if (kind === OPEN_BRACE) writeStruct(reader, entry, depth + 3);
    else writeList(reader, entry, depth + 2);
    writer.close(open);
  } else if (kind === QUOTE) {
    writer.varint32((3 << 3) | 2);
    const written = scalars.text(entry);
    if (typeof written === 'object') reader.problems.add(written.fault);
  } else if (kind === 0x74 || kind === 0x66) reader.writeInteger(4, 'uint32', kind === 0x74 ? 1 : 0);
  else if (kind === 0x6e) reader.writeInteger(1, 'uint32', 0);
  else {
    writer.varint32((2 << 3) | 1);
    const written = scalars.finite(entry);
    if (typeof written === 'object') reader.problems.add(written.fault);
  }
}

/** Writes a value with its tag. Where its size is known before, no length has to be inserted later. */
function dynamicField(reader: MessageReader, number: number, entry: number, depth: number): void {
  const { writer } = reader;
  const size = sizeOfDynamic(reader, entry);
  if (size === undefined) {
    const value = reader.openField(number);
    writeDynamic(reader, entry, depth);
    writer.close(value);
    return;
  }
  writer.varint32((number << 3) | 2);
  writer.varint32(size);
  writeDynamic(reader, entry, depth);
}

/** The size of a value as protobuf, if it does not depend on other values. */
function sizeOfDynamic(reader: MessageReader, entry: number): number | undefined {
  switch (reader.kindOf(entry)) {
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return reader.endOf(entry) === entry + 2 ? 2 : undefined;
    case QUOTE:
      return undefined;
    case 0x74:
    case 0x66:
    case 0x6e:
      return 2;
    default:
      return 9;
  }
}

/** The members of an object as a map of values, which have the nesting depth `depth`. */
export function writeStruct(reader: MessageReader, entry: number, depth: number): void {
  const order = sortedKeys(reader.tape, entry);
  const end = reader.endOf(entry);
  for (let i = 0, key = order?.[0] ?? entry + 2; key < end; i += SLICE) {
    key = writeMembers(reader, { key, i, end, order }, depth);
  }
}

/** Writes up to `SLICE` members. Returns the next key. */
function writeMembers(reader: MessageReader, from: KeyRange, depth: number): number {
  const { tape, problems, writer, scalars } = reader;
  const { end, order } = from;
  let { key } = from;
  if (order) fetchAhead(tape, order, from.i);
  for (let i = from.i; key < end && i < from.i + SLICE; ) {
    problems.path.push(~key);
    const member = reader.openField(1);
    writer.varint32((1 << 3) | 2);
    const written = scalars.text(key);
    if (typeof written === 'object') problems.add(`The key must be ${written.fault.slice('Must be '.length)}`);
    dynamicField(reader, 2, key + 2, depth);
    writer.close(member);
    problems.path.pop();
    i += 1;
    key = order ? (order[i] ?? end) : entryBehind(tape, key + 2);
  }
  return key;
}

/** The elements of an array, which have the nesting depth `depth`. */
export function writeList(reader: MessageReader, entry: number, depth: number): void {
  const { problems } = reader;
  const end = reader.endOf(entry);
  problems.path.push(0);
  for (let each = entry + 2; each < end; ) each = writeElements(reader, each, end, depth);
  problems.path.pop();
}

/** Writes up to `SLICE` elements. The last step of the path is the index. Returns the next element. */
function writeElements(reader: MessageReader, first: number, end: number, depth: number): number {
  const { tape, problems } = reader;
  const place = problems.path.length - 1;
  const from = problems.path[place] as number;
  let each = first;
  for (let i = from; each < end && i < from + SLICE; each = entryBehind(tape, each)) {
    dynamicField(reader, 1, each, depth);
    i += 1;
    problems.path[place] = i;
  }
  return each;
}
