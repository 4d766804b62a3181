import { MalformedWireError } from '../errors.ts';
import { checkWire } from './check-wire.ts';
import { doubleOf, wideText } from './json-writer.ts';
import type { FieldPlan, MessagePlan, WellKnownName } from './message-plan.ts';
import type { MessageFields } from './occurrences.ts';
import { textOf } from './strings.ts';
import { formatDuration, formatTimestamp, type Moment } from './times.ts';
import type { MessageWriter } from './wire-to-json.ts';

type Write = (writer: MessageWriter, plan: MessagePlan, fields: MessageFields) => void;

const moment =
  (format: (moment: Moment) => string | undefined): Write =>
  (writer, plan, fields) => {
    const seconds = integerOf(writer, plan, fields, 1);
    const nanos = integerOf(writer, plan, fields, 2);
    const text = format([seconds, nanos]);
    if (text === undefined) throw new MalformedWireError(`A ${plan.name} is out of the range of its JSON form.`);
    writer.out.ascii(`"${text}"`);
  };

/** The last value of a signed integer field, as a double. */
function integerOf(writer: MessageWriter, { byNumber }: MessagePlan, fields: MessageFields, number: number): number {
  const field = byNumber.get(number);
  const last = field ? writer.occurrences.last(fields, field.index) : -1;
  if (last < 0) return 0;
  writer.goTo(last);
  writer.cursor.varint(writer.cursor.bytes.length);
  return number === 1 ? Number(wideText('int64', writer.cursor)) : writer.cursor.low | 0;
}

/** The paths `foo_bar` and `baz` become `fooBar,baz`. */
const fieldMask: Write = (writer, plan, fields) => {
  const { out, cursor, occurrences } = writer;
  const [field] = plan.fields;
  out.byte(0x22);
  let isNext = false;
  for (let each = occurrences.first(fields, field?.index ?? 0); each >= 0; each = occurrences.next(each)) {
    if (isNext) out.byte(0x2c);
    isNext = true;
    writer.goTo(each);
    const end = cursor.delimited(cursor.bytes.length);
    out.raw(camelCase(textOf(cursor.bytes, cursor.at, end)));
  }
  out.byte(0x22);
};

/** Throws for a path that `fieldMask` could not read. */
function camelCase(path: string): Uint8Array {
  const camel = path.replaceAll(/_+(.?)/gs, (_, next: string) => next.toUpperCase());
  if (camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) !== path) {
    throw new MalformedWireError('A path of a FieldMask has no JSON form.');
  }
  return Buffer.from(JSON.stringify(camel).slice(1, -1));
}

/** Writes the only field of the message. */
const onlyField: Write = (writer, { fields: [field] }, fields) => {
  if (field) writer.field(field, fields);
};

/** Of the members of the oneof, the last one in the bytes wins. */
const dynamic: Write = (writer, plan, fields) => {
  const { out, cursor, occurrences } = writer;
  let chosen: FieldPlan | undefined;
  let last = -1;
  for (const field of plan.fields) {
    const place = occurrences.last(fields, field.index);
    if (place > last) [chosen, last] = [field, place];
  }
  if (!chosen) out.ascii('null');
  else if (chosen.number !== 2) writer.single(chosen, fields);
  else {
    writer.goTo(last);
    cursor.fixed64(cursor.bytes.length);
    const value = doubleOf(cursor);
    if (!Number.isFinite(value)) throw new MalformedWireError('A Value cannot hold a number that is not finite.');
    out.ascii(String(value));
  }
};

const any: Write = (writer, plan, fields) => {
  const { out, cursor } = writer;
  const [url, value] = plan.fields.map(({ index }) => rangeOf(writer, fields, index));
  const address = url ? textOf(cursor.bytes, url.start, url.end) : '';
  if (!url || address === '') {
    out.ascii('{}');
    return;
  }
  const inner = address.includes('/') ? plan.types.find(address.slice(address.lastIndexOf('/') + 1)) : undefined;
  if (!inner) throw new MalformedWireError(`An Any holds the unknown type ${JSON.stringify(address)}.`);
  const { start, end } = value ?? { start: 0, end: 0 };
  checkWire(inner, cursor.bytes.subarray(start, end));
  out.ascii('{"@type":');
  out.string(cursor.bytes, url.start, url.end);
  writer.inAny(() => {
    if (!inner.wellKnown) writer.members(inner, start, end, false);
    else {
      out.ascii(',"value":');
      writer.message(inner, start, end);
    }
  });
  out.ascii('}');
};

function rangeOf(writer: MessageWriter, fields: MessageFields, index: number) {
  const last = writer.occurrences.last(fields, index);
  if (last < 0) return undefined;
  writer.goTo(last);
  const end = writer.cursor.delimited(writer.cursor.bytes.length);
  return { start: writer.cursor.at, end };
}

const WRITERS: Readonly<Record<WellKnownName, Write>> = {
  Any: any,
  Timestamp: moment(formatTimestamp),
  Duration: moment(formatDuration),
  FieldMask: fieldMask,
  Struct: onlyField,
  Value: dynamic,
  ListValue: onlyField,
  DoubleValue: onlyField,
  FloatValue: onlyField,
  Int64Value: onlyField,
  UInt64Value: onlyField,
  Int32Value: onlyField,
  UInt32Value: onlyField,
  BoolValue: onlyField,
  StringValue: onlyField,
  BytesValue: onlyField,
};

/** Writes a google/protobuf message with a special JSON form. */
export function writeWellKnownJson(
  writer: MessageWriter,
  plan: MessagePlan,
  name: WellKnownName,
  { start, end }: { readonly start: number; readonly end: number },
): void {
  const fields = writer.fieldsOf(plan, start, end);
  WRITERS[name](writer, plan, fields);
  writer.occurrences.release(fields);
}
