import type { IntegerType } from '../codec/ranges.ts';
import { entryBehind, type JsonTape, type KeyRange, nameOf, SLICE } from './json-tape.ts';
import { fetchAhead, sortedKeys } from './key-order.ts';
import { MapKeyWriter } from './map-keys.ts';
import { sortMembers } from './member-order.ts';
import { type FieldPlan, listNames, type MessagePlan, takesNull, type ValuePlan } from './message-plan.ts';
import { Problems } from './problems.ts';
import { ScalarReader, type Written } from './scalar-reader.ts';
import { writeWellKnown } from './well-known-to-wire.ts';
import { LENGTH_DELIMITED, MAX_DEPTH, TOO_DEEP, tagOf } from './wire-types.ts';
import { WireWriter } from './wire-writer.ts';

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const NULL = 0x6e;

/** Traverses the values of a text by the fields of a message. */
export class MessageReader {
  readonly tape: JsonTape;
  readonly writer: WireWriter;
  readonly scalars: ScalarReader;
  readonly problems: Problems;
  /** Members of the open messages, innermost last: their fields and the tape entries of their keys. */
  readonly #fields: FieldPlan[] = [];
  readonly #keys: number[] = [];
  /** Number of these members. The arrays keep their memory, which V8 frees when they are shortened. */
  #open = 0;

  constructor(tape: JsonTape, maxBytes: number) {
    this.tape = tape;
    this.writer = new WireWriter(tape.bytes.length, maxBytes);
    this.scalars = new ScalarReader(tape, this.writer);
    this.problems = new Problems(tape);
  }

  kindOf(entry: number): number {
    return this.tape.bytes[this.tape.entries[entry] ?? 0] ?? 0;
  }

  /** The entry after the last one of an object or array. */
  endOf(entry: number): number {
    return this.tape.entries[entry + 1] ?? 0;
  }

  message(plan: MessagePlan, entry: number, depth: number): void {
    if (depth > MAX_DEPTH) this.problems.add(TOO_DEEP);
    else if (plan.wellKnown) writeWellKnown(this, plan, plan.wellKnown, entry, depth);
    else if (this.isObject(entry)) this.members(plan, entry, depth);
  }

  /** Whether the value is an object. Adds a problem if not. */
  isObject(entry: number): boolean {
    const is = this.kindOf(entry) === OPEN_BRACE;
    if (!is) this.problems.add(`Must be an object, not ${nameOf(this.tape, entry)}.`);
    return is;
  }

  /** Whether the value is an array. Adds a problem if not. */
  isArray(entry: number): boolean {
    const is = this.kindOf(entry) === OPEN_BRACKET;
    if (!is) this.problems.add(`Must be an array, not ${nameOf(this.tape, entry)}.`);
    return is;
  }

  /** Reads the members of an object as fields of the message, except for the key at `except`. */
  members(plan: MessagePlan, entry: number, depth: number, except = -1): void {
    if (this.endOf(entry) === entry + 2) return;
    const first = this.#open;
    this.#collect(plan, entry, except);
    const end = this.#open;
    for (let i = first; i < end; i += 1) {
      const field = this.#fields[i];
      const key = this.#keys[i] ?? 0;
      if (!field) continue;
      this.problems.path.push(~key);
      if (i > first && this.#fields[i - 1] === field) {
        const other = this.problems.keyAt(this.#keys[i - 1] ?? 0);
        this.problems.add(`Duplicate field: also given as ${JSON.stringify(other)}.`);
      } else if (this.#isSet(field, key)) {
        if (field.oneof !== undefined) this.#checkOneof(field, key, first, end);
        this.#member(field, key + 2, depth);
      }
      this.problems.path.pop();
    }
    this.#open = first;
  }

  /** Collects the members by field; members of the same field in text order. */
  #collect(plan: MessagePlan, entry: number, except: number): void {
    const first = this.#open;
    const end = this.endOf(entry);
    let isInOrder = true;
    let last = 0;
    for (let key = entry + 2; key < end; key = entryBehind(this.tape, key + 2)) {
      if (key === except) continue;
      const { bytes, start, end: stop } = this.scalars.content(key);
      const field = plan.byJsonName.get(bytes, start, stop);
      if (!field) {
        this.problems.addAt(key, `Unknown field: ${plan.name} has ${listNames(plan)}.`);
        continue;
      }
      isInOrder &&= field.number >= last;
      last = field.number;
      this.#fields[this.#open] = field;
      this.#keys[this.#open] = key;
      this.#open += 1;
    }
    if (!isInOrder) sortMembers(this.#fields, this.#keys, first, this.#open);
  }

  /** Null means "not set", unless null is a value of the type. */
  #isSet({ cardinality, value }: FieldPlan, key: number): boolean {
    return this.kindOf(key + 2) !== NULL || (cardinality === 'single' && takesNull(value));
  }

  /** Only the first member of a oneof in the text is valid. */
  #checkOneof(field: FieldPlan, key: number, first: number, end: number): void {
    let other = key;
    for (let i = first; i < end; i += 1) {
      const candidate = this.#keys[i] ?? 0;
      const each = this.#fields[i];
      if (candidate < other && each?.oneof === field.oneof && each && this.#isSet(each, candidate)) other = candidate;
    }
    if (other === key) return;
    this.problems.add(`Excluded by ${JSON.stringify(this.problems.keyAt(other))}: only one of the two may be set.`);
  }

  #member(field: FieldPlan, entry: number, depth: number): void {
    if (field.cardinality === 'repeated') this.#elements(field, entry, depth);
    else if (field.cardinality === 'map') this.#entries(field, entry, depth);
    else this.single(field, entry, depth);
  }

  /** A singular field. Without presence, its default is omitted. */
  single({ value, number, presence }: FieldPlan, entry: number, depth: number): void {
    const at = this.writer.at;
    if (this.value(value, number, entry, depth) === 'default' && !presence) this.writer.rewind(at);
  }

  #elements(field: FieldPlan, entry: number, depth: number): void {
    const end = this.endOf(entry);
    if (!this.isArray(entry) || end === entry + 2) return;
    const packed = field.isPacked ? this.openField(field.number) : -1;
    const { path } = this.problems;
    path.push(0);
    for (let each = entry + 2; each < end; ) {
      const behind = this.scalars.digits(field, each, Math.min(end, each + 2 * SLICE));
      path[path.length - 1] = (path.at(-1) as number) + (behind - each) / 2;
      each = behind > each ? behind : this.#someElements(field, each, end, depth);
    }
    path.pop();
    if (field.isPacked) this.writer.close(packed);
  }

  /** Writes up to `SLICE` elements. The last step of the path is the index. Returns the next element. */
  #someElements({ value, number, isPacked }: FieldPlan, entry: number, end: number, depth: number): number {
    const { path } = this.problems;
    const place = path.length - 1;
    const tag = (number << 3) | value.wireType;
    const first = path[place] as number;
    let each = entry;
    for (let i = first; each < end && i < first + SLICE; each = entryBehind(this.tape, each)) {
      if (value.kind === 'message') this.value(value, number, each, depth);
      else {
        if (!isPacked) this.writer.varint32(tag);
        this.#plain(value, each);
      }
      i += 1;
      path[place] = i;
    }
    return each;
  }

  #entries(field: FieldPlan, entry: number, depth: number): void {
    if (!this.isObject(entry)) return;
    const order = sortedKeys(this.tape, entry);
    const keys = new MapKeyWriter(field.keyType, { object: entry, order }, this);
    const end = this.endOf(entry);
    for (let i = 0, key = order?.[0] ?? entry + 2; key < end; i += SLICE) {
      key = this.#someEntries(field, keys, { key, i, end, order }, depth);
    }
  }

  /** Writes up to `SLICE` entries. Returns the next key. */
  #someEntries({ value, number, keyType }: FieldPlan, keys: MapKeyWriter, from: KeyRange, depth: number): number {
    const { end, order } = from;
    const keyTag = tagOf(1, keyType);
    let { key } = from;
    if (order) fetchAhead(this.tape, order, from.i);
    for (let i = from.i; key < end && i < from.i + SLICE; ) {
      this.problems.path.push(~key);
      const open = this.openField(number);
      this.writer.varint32(keyTag);
      const wrong = keys.write(key);
      if (wrong !== undefined) this.problems.add(wrong);
      this.value(value, 2, key + 2, depth + 1);
      this.writer.close(open);
      this.problems.path.pop();
      i += 1;
      key = order ? (order[i] ?? end) : entryBehind(this.tape, key + 2);
    }
    return key;
  }

  /** Writes a value with its tag. */
  value(plan: ValuePlan, number: number, entry: number, depth: number): Written {
    if (plan.kind === 'message') {
      const isEmpty = this.kindOf(entry) === OPEN_BRACE && this.endOf(entry) === entry + 2;
      if (isEmpty && !plan.message.wellKnown && depth < MAX_DEPTH) {
        this.writeEmpty(number);
        return 'value';
      }
      const open = this.openField(number);
      this.message(plan.message, entry, depth + 1);
      this.writer.close(open);
      return 'value';
    }
    this.writer.varint32((number << 3) | plan.wireType);
    return this.#plain(plan, entry);
  }

  /** Writes a scalar or enum value without its tag. */
  #plain(plan: ValuePlan, entry: number): Written {
    if (plan.kind === 'message') return 'value';
    const written =
      plan.kind === 'enum' ? this.scalars.enum(plan.enum, entry) : this.scalars.scalar(plan.scalar, entry);
    if (typeof written === 'object') this.problems.add(written.fault);
    return written;
  }

  /** Writes an integer that is computed, not read. */
  writeInteger(number: number, type: IntegerType, value: number): void {
    this.writer.varint32(tagOf(number, type));
    this.writer.integer(type, Math.floor(value / 2 ** 32), value >>> 0);
  }

  /** Writes an empty length-prefixed field. Opening it would need memory, and a body may have millions of them. */
  writeEmpty(number: number): void {
    this.writer.varint32((number << 3) | LENGTH_DELIMITED);
    this.writer.varint32(0);
  }

  /** Opens a length-prefixed field. */
  openField(number: number): number {
    this.writer.varint32((number << 3) | LENGTH_DELIMITED);
    return this.writer.open();
  }
}
