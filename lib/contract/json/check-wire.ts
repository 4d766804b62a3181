import { MalformedWireError } from '../errors.ts';
import type { FieldPlan, MessagePlan, ValuePlan } from './message-plan.ts';
import { WireCursor } from './wire-cursor.ts';
import { LENGTH_DELIMITED, MAX_DEPTH } from './wire-types.ts';

/**
 * Throws `MalformedWireError` when the bytes are not this message. Linear time; creates no objects. Returns a size that
 * the JSON of the message has at least.
 */
export const checkWire = (plan: MessagePlan, bytes: Uint8Array): number =>
  checkMessage(new WireCursor(bytes), plan, bytes.length, 0);

/** Returns the least size of the JSON of the elements of lists of messages. */
function checkMessage(cursor: WireCursor, plan: MessagePlan, end: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new MalformedWireError('Messages are nested too deeply.');
  let leastJson = 0;
  let number = 0;
  let field: FieldPlan | undefined;
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    // The elements of a list follow each other.
    if (tag >>> 3 !== number) field = plan.byNumber.get(tag >>> 3);
    number = tag >>> 3;
    if (!field) cursor.skip(tag, end, depth);
    else if (field.cardinality === 'map') checkEntry(cursor, field, { tag, end, depth });
    else if (isPackedValue(field, tag)) checkPacked(cursor, field.value, end);
    else {
      checkValue(cursor, field.value, { tag, end, depth });
      if (depth === 0 && (tag & 7) === LENGTH_DELIMITED) leastJson += leastElement(field);
    }
  }
  return leastJson;
}

/** Elements of a list are all written; other messages may be merged or replaced. */
const leastElement = ({ cardinality, value }: FieldPlan): number =>
  cardinality === 'repeated' && value.kind === 'message' ? value.message.leastJson : 0;

/** The position of a value: after its tag, in a message that ends at `end`. */
interface Place {
  readonly tag: number;
  readonly end: number;
  readonly depth: number;
}

/** Whether these are packed values of a repeated field. */
const isPackedValue = ({ wireTypes }: FieldPlan, tag: number): boolean =>
  wireTypes.length > 1 && (tag & 7) === LENGTH_DELIMITED;

function checkEntry(cursor: WireCursor, { entry, value }: FieldPlan, { tag, end, depth }: Place): void {
  if ((tag & 7) !== LENGTH_DELIMITED) {
    cursor.skip(tag, end, depth);
    return;
  }
  const stop = cursor.delimited(end);
  const key = entry?.fields[0]?.value;
  while (cursor.at < stop) {
    const inner = cursor.tag(stop);
    if (key && inner >>> 3 === 1) checkValue(cursor, key, { tag: inner, end: stop, depth });
    else if (inner >>> 3 === 2) checkValue(cursor, value, { tag: inner, end: stop, depth });
    else cursor.skip(inner, stop, depth);
  }
}

function checkPacked(cursor: WireCursor, value: ValuePlan, end: number): void {
  const stop = cursor.delimited(end);
  while (cursor.at < stop) cursor.skip(value.wireType, stop);
}

function checkValue(cursor: WireCursor, value: ValuePlan, { tag, end, depth }: Place): void {
  // A value with another wire type is an unknown field.
  if ((tag & 7) !== value.wireType) cursor.skip(tag, end, depth);
  else if (value.kind === 'message') checkMessage(cursor, value.message, cursor.delimited(end), depth + 1);
  else if (value.kind === 'scalar' && value.scalar === 'string') cursor.skipText(end);
  else cursor.skip(tag, end);
}
