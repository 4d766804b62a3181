import { writeDynamic, writeList, writeStruct } from './dynamic-to-wire.ts';
import { entryBehind, nameOf } from './json-tape.ts';
import type { MessagePlan, WellKnownName } from './message-plan.ts';
import type { MessageReader } from './message-reader.ts';
import { type Moment, parseDuration, readTimestamp } from './times.ts';

type Write = (reader: MessageReader, plan: MessagePlan, entry: number, depth: number) => void;

const QUOTE = 0x22;
const UNDERSCORE = 0x5f;
const COMMA = 0x2c;
/** Longer than any duration. */
const MAX_DURATION_LENGTH = 64;
/** Longer than any type name. */
const MAX_URL_LENGTH = 4096;
const AT_TYPE = Buffer.from('@type');
const VALUE = Buffer.from('value');

/** Seconds and nanoseconds, each omitted if zero. */
const moment =
  (expected: string, read: (reader: MessageReader, entry: number) => Moment | undefined): Write =>
  (reader, _plan, entry) => {
    if (!isString(reader, entry, expected)) return;
    const moment = read(reader, entry);
    if (!moment) reader.problems.add(`Must be ${expected}: this string is not.`);
    else {
      const [seconds, nanos] = moment;
      if (seconds !== 0) reader.writeInteger(1, 'int64', seconds);
      if (nanos !== 0) reader.writeInteger(2, 'int32', nanos);
    }
  };

const readTime = ({ scalars }: MessageReader, entry: number): Moment | undefined => {
  const { bytes, start, end } = scalars.content(entry);
  return readTimestamp(bytes, start, end);
};

const readDuration = ({ scalars }: MessageReader, entry: number): Moment | undefined =>
  parseDuration(scalars.shortText(entry, MAX_DURATION_LENGTH) ?? '');

function isString(reader: MessageReader, entry: number, expected: string): boolean {
  const is = reader.kindOf(entry) === QUOTE;
  if (!is) reader.problems.add(`Must be ${expected}, not ${nameOf(reader.tape, entry)}.`);
  return is;
}

/** `fooBar,baz` becomes the paths `foo_bar` and `baz`. */
const fieldMask: Write = (reader, _plan, entry) => {
  const expected = 'field paths in lowerCamelCase, separated by commas';
  if (!isString(reader, entry, expected)) return;
  const { isWellFormed, bytes, start, end } = reader.scalars.content(entry);
  if (!isWellFormed || bytes.subarray(start, end).includes(UNDERSCORE)) {
    reader.problems.add(`Must be ${expected}: this string is not.`);
    return;
  }
  if (start === end) return;
  const { writer } = reader;
  for (let from = start; from <= end; ) {
    const comma = bytes.indexOf(COMMA, from);
    const stop = comma < 0 || comma > end ? end : comma;
    const open = reader.openField(1);
    const out = writer.reserve(2 * (stop - from));
    let to = writer.at;
    for (let at = from; at < stop; at += 1) {
      const byte = bytes[at] ?? 0;
      const isUpper = byte >= 0x41 && byte <= 0x5a;
      if (isUpper) out[to++] = UNDERSCORE;
      out[to++] = isUpper ? byte | 0x20 : byte;
    }
    writer.advance(to);
    writer.close(open);
    from = stop + 1;
  }
};

const any: Write = (reader, plan, entry, depth) => {
  if (!reader.isObject(entry)) return;
  const { problems, scalars, writer } = reader;
  const key = memberOf(reader, entry, AT_TYPE);
  if (key === undefined && reader.endOf(entry) === entry + 2) return;
  const isNamed = key !== undefined && reader.kindOf(key + 2) === QUOTE;
  const url = isNamed ? (scalars.shortText(key + 2, MAX_URL_LENGTH) ?? '') : '';
  const inner = url.includes('/') ? plan.types.find(url.slice(url.lastIndexOf('/') + 1)) : undefined;
  if (!inner || key === undefined) {
    problems.path.push('@type');
    problems.add('Must be the address of a known type, such as "type.googleapis.com/google.protobuf.Duration".');
    problems.path.pop();
    return;
  }
  writer.varint32((1 << 3) | 2);
  scalars.text(key + 2);
  const before = writer.at;
  const value = reader.openField(2);
  const start = writer.at;
  if (inner.wellKnown) wrapped(reader, inner, entry, { key, depth });
  else reader.members(inner, entry, depth + 1, key);
  if (writer.at === start) writer.cancel(value, before);
  else writer.close(value);
};

/** A well-known type in an `Any` is its only member, `value`. */
function wrapped(
  reader: MessageReader,
  inner: MessagePlan,
  entry: number,
  { key: typeKey, depth }: { readonly key: number; readonly depth: number },
): void {
  const { problems, tape } = reader;
  const end = reader.endOf(entry);
  const valueKey = memberOf(reader, entry, VALUE);
  for (let key = entry + 2; key < end; key = entryBehind(tape, key + 2)) {
    if (key === typeKey || key === valueKey) continue;
    problems.addAt(key, `Unknown field: a ${inner.name} in an Any has only "value".`);
  }
  problems.path.push('value');
  if (valueKey === undefined) problems.add(`Must be given: it is the ${inner.name}.`);
  else reader.message(inner, valueKey + 2, depth + 1);
  problems.path.pop();
}

/** The entry of a member of an object. */
function memberOf({ tape, scalars }: MessageReader, entry: number, name: Uint8Array): number | undefined {
  const end = tape.entries[entry + 1] ?? 0;
  for (let key = entry + 2; key < end; key = entryBehind(tape, key + 2)) if (scalars.is(key, name)) return key;
  return undefined;
}

/** The value is the only field of its message. */
const wrapper: Write = (reader, plan, entry, depth) => {
  const field = plan.byNumber.get(1);
  if (field) reader.single(field, entry, depth);
};

const WRITERS: Readonly<Record<WellKnownName, Write>> = {
  Any: any,
  Timestamp: moment('a time such as "2026-01-31T12:00:00Z", from year 1 to 9999', readTime),
  Duration: moment('a duration in seconds such as "1.5s", up to 315576000000', readDuration),
  FieldMask: fieldMask,
  Struct: (reader, _plan, entry, depth) => {
    if (reader.isObject(entry)) writeStruct(reader, entry, depth + 2);
  },
  Value: (reader, _plan, entry, depth) => writeDynamic(reader, entry, depth),
  ListValue: (reader, _plan, entry, depth) => {
    if (reader.isArray(entry)) writeList(reader, entry, depth + 1);
  },
  DoubleValue: wrapper,
  FloatValue: wrapper,
  Int64Value: wrapper,
  UInt64Value: wrapper,
  Int32Value: wrapper,
  UInt32Value: wrapper,
  BoolValue: wrapper,
  StringValue: wrapper,
  BytesValue: wrapper,
};

/** Writes a google/protobuf message with a special JSON form. */
export const writeWellKnown = (
  reader: MessageReader,
  plan: MessagePlan,
  name: WellKnownName,
  entry: number,
  depth: number,
): void => WRITERS[name](reader, plan, entry, depth);
