import { MalformedWireError, MessageLimitError } from '../errors.ts';
import { checkWire } from './check-wire.ts';
import { JsonWriter, writeEnum, writeKey, writeScalar } from './json-writer.ts';
import type { FieldPlan, MessagePlan, ValuePlan } from './message-plan.ts';
import { dropRepeated, type MessageFields, Occurrences } from './occurrences.ts';
import { writeWellKnownJson } from './well-known-to-json.ts';
import { WireCursor } from './wire-cursor.ts';
import { LENGTH_DELIMITED, MAX_DEPTH } from './wire-types.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Maximum size of the JSON text, which can be many times the size of the message. */
export interface JsonLimit {
  readonly maxBytes: number;
}

/**
 * Writes a message as canonical proto3 JSON with original field names. Fields without presence are always written.
 * Creates no objects: memory is limited by the bytes and the limit. Throws `MalformedWireError` for bytes that are not
 * the message and for values without a JSON form, such as a time in year 10000. Throws `MessageLimitError` above the
 * limit.
 */
export function wireToJson(plan: MessagePlan, bytes: Uint8Array, { maxBytes }: JsonLimit): readonly Uint8Array[] {
  // Before anything is written, because what is too large would cost the most.
  if (checkWire(plan, bytes) > maxBytes) throw new MessageLimitError(maxBytes);
  const writer = new MessageWriter(new JsonWriter(2 * bytes.length, maxBytes), bytes);
  writer.message(plan, 0, bytes.length);
  return writer.out.finish();
}

/** Traverses bytes that were validated. */
export class MessageWriter {
  readonly out: JsonWriter;
  readonly cursor: WireCursor;
  readonly occurrences: Occurrences;
  /** Nesting depth of `Any` messages. */
  #anys = 0;

  constructor(out: JsonWriter, bytes: Uint8Array, occurrences: Occurrences = new Occurrences()) {
    this.out = out;
    this.cursor = new WireCursor(bytes);
    this.occurrences = occurrences;
  }

  message(plan: MessagePlan, start: number, end: number): void {
    if (plan.wellKnown) {
      writeWellKnownJson(this, plan, plan.wellKnown, { start, end });
      return;
    }
    this.out.byte(OPEN_BRACE);
    this.members(plan, start, end);
    this.out.byte(CLOSE_BRACE);
  }

  /** Writes the members of a message without braces. */
  members(plan: MessagePlan, start: number, end: number, isFirst = true): void {
    const fields = this.fieldsOf(plan, start, end);
    let isNext = !isFirst;
    for (const field of plan.fields) {
      const last = this.occurrences.last(fields, field.index);
      if (last < 0 ? field.presence : this.#isOverruled(plan, field, fields)) continue;
      if (isNext) this.out.byte(COMMA);
      isNext = true;
      this.out.raw(field.jsonKey);
      if (last < 0) this.out.raw(field.jsonDefault);
      else this.field(field, fields);
    }
    this.occurrences.release(fields);
  }

  /** Locates the fields of a message. The caller releases them. */
  fieldsOf(plan: MessagePlan, start: number, end: number): MessageFields {
    this.cursor.at = start;
    return this.occurrences.collect(this.cursor, plan, end);
  }

  /** Writes the content of an `Any`, which may be nested. Throws `MalformedWireError` above `MAX_DEPTH`. */
  inAny(write: () => void): void {
    this.#anys += 1;
    if (this.#anys > MAX_DEPTH) throw new MalformedWireError('Messages are nested too deeply.');
    write();
    this.#anys -= 1;
  }

  /** Writes the value of a singular field: the last value, or all messages merged. */
  single({ value, index, jsonDefault }: FieldPlan, fields: MessageFields): void {
    const first = this.occurrences.first(fields, index);
    const last = this.occurrences.last(fields, index);
    if (last < 0 && value.kind === 'message') this.message(value.message, 0, 0);
    else if (last < 0) this.out.raw(jsonDefault);
    else if (value.kind === 'message' && first !== last) {
      const merged = this.#merged(first);
      new MessageWriter(this.out, merged, this.occurrences).message(value.message, 0, merged.length);
    } else {
      this.goTo(last);
      this.value(value);
    }
  }

  /** Moves the cursor after the tag of an occurrence and returns the tag. */
  goTo(occurrence: number): number {
    this.cursor.at = this.occurrences.offset(occurrence);
    return this.cursor.tag(this.cursor.bytes.length);
  }

  /** Writes the value at the cursor. */
  value(plan: ValuePlan): void {
    const { cursor, out } = this;
    if (plan.kind === 'scalar') writeScalar(plan.scalar, cursor, out);
    else if (plan.kind === 'enum') writeEnum(plan.enum, cursor, out);
    else {
      const end = cursor.delimited(cursor.bytes.length);
      this.message(plan.message, cursor.at, end);
      cursor.at = end;
    }
  }

  /** Of the members of a oneof, the last one in the bytes wins. */
  #isOverruled(plan: MessagePlan, { oneof, index }: FieldPlan, fields: MessageFields): boolean {
    if (oneof === undefined) return false;
    const last = this.occurrences.last(fields, index);
    return plan.fields.some((other) => other.oneof === oneof && this.occurrences.last(fields, other.index) > last);
  }

  /** Writes all values of a field. */
  field(field: FieldPlan, fields: MessageFields): void {
    if (field.cardinality === 'repeated') this.#elements(field, fields);
    else if (field.cardinality === 'map') this.#entries(field, fields);
    else this.single(field, fields);
  }

  /** Concatenated messages are equal to the merged message. */
  #merged(first: number): Uint8Array {
    let length = 0;
    for (let each = first; each >= 0; each = this.occurrences.next(each)) length += this.#partAt(each).length;
    const merged = new Uint8Array(length);
    let at = 0;
    for (let each = first; each >= 0; each = this.occurrences.next(each)) {
      const part = this.#partAt(each);
      merged.set(part, at);
      at += part.length;
    }
    return merged;
  }

  #partAt(occurrence: number): Uint8Array {
    this.goTo(occurrence);
    const end = this.cursor.delimited(this.cursor.bytes.length);
    return this.cursor.bytes.subarray(this.cursor.at, end);
  }

  #elements({ value, index, wireTypes }: FieldPlan, fields: MessageFields): void {
    const { out, cursor, occurrences } = this;
    let isNext = false;
    out.byte(OPEN_BRACKET);
    for (let each = occurrences.first(fields, index); each >= 0; each = occurrences.next(each)) {
      const isPacked = wireTypes.length > 1 && (this.goTo(each) & 7) === LENGTH_DELIMITED;
      if (wireTypes.length === 1) this.goTo(each);
      const end = isPacked ? cursor.delimited(cursor.bytes.length) : cursor.at + 1;
      while (cursor.at < end) {
        if (isNext) out.byte(COMMA);
        isNext = true;
        this.value(value);
      }
    }
    out.byte(CLOSE_BRACKET);
  }

  #entries({ entry, keyType, index }: FieldPlan, fields: MessageFields): void {
    const { out } = this;
    let isNext = false;
    out.byte(OPEN_BRACE);
    if (entry) {
      for (const offset of this.entriesOf(keyType, this.occurrences.first(fields, index))) {
        if (offset < 0) continue;
        if (isNext) out.byte(COMMA);
        isNext = true;
        this.#entry(entry, offset);
      }
    }
    out.byte(CLOSE_BRACE);
  }

  /** Offsets of the entries of a map; negative for entries that later ones replace. */
  entriesOf(keyType: FieldPlan['keyType'], first: number): Int32Array {
    let count = 0;
    for (let each = first; each >= 0; each = this.occurrences.next(each)) count += 1;
    const offsets = new Int32Array(count);
    for (let i = 0, each = first; each >= 0; each = this.occurrences.next(each), i += 1) {
      this.goTo(each);
      offsets[i] = this.cursor.at;
    }
    dropRepeated(this.cursor, keyType, offsets);
    return offsets;
  }

  #entry(entry: MessagePlan, offset: number): void {
    this.cursor.at = offset;
    const end = this.cursor.delimited(this.cursor.bytes.length);
    const fields = this.fieldsOf(entry, this.cursor.at, end);
    const [key, value] = entry.fields;
    if (key && value && key.value.kind === 'scalar') {
      const last = this.occurrences.last(fields, key.index);
      if (last < 0) this.out.raw(key.jsonKey);
      else {
        this.goTo(last);
        writeKey(key.value.scalar, this.cursor, this.out);
      }
      this.out.byte(COLON);
      this.single(value, fields);
    }
    this.occurrences.release(fields);
  }
}
