import type { MessagePlan } from './message-plan.ts';
import type { WireCursor } from './wire-cursor.ts';

const NONE = -1;

/**
 * Where the fields of messages are in their bytes: of each message a list for each field, all in one array that is used
 * again. Bytes may have fields in any order and JSON has them in that of the .proto file, so each message is read once
 * to find them.
 */
export class Occurrences {
  /** For each message that is open, two numbers a field: its first and its last occurrence. */
  #slots = new Int32Array(64);
  #usedSlots = 0;
  /** For each occurrence the offset of its tag, and the next one of the same field. */
  #list = new Int32Array(256);
  #used = 0;

  /** Notes the fields of the message from the cursor to `end`; `release` forgets them. */
  collect(cursor: WireCursor, plan: MessagePlan, end: number): MessageFields {
    const fields = { slots: this.#usedSlots, used: this.#used };
    this.#openSlots(plan.fields.length);
    while (cursor.at < end) {
      const start = cursor.at;
      const tag = cursor.tag(end);
      const field = plan.byNumber.get(tag >>> 3);
      if (field?.wireTypes.includes(tag & 7)) this.#note(fields.slots + 2 * field.index, start);
      cursor.skip(tag, end);
    }
    return fields;
  }

  release({ slots, used }: MessageFields): void {
    this.#usedSlots = slots;
    this.#used = used;
  }

  /** The first occurrence of the field of this index; negative when there is none. */
  first({ slots }: MessageFields, index: number): number {
    return this.#slots[slots + 2 * index] ?? NONE;
  }

  last({ slots }: MessageFields, index: number): number {
    return this.#slots[slots + 2 * index + 1] ?? NONE;
  }

  /** The next occurrence of the same field; negative behind the last one. */
  next(occurrence: number): number {
    return this.#list[occurrence + 1] ?? NONE;
  }

  /** The offset of its tag. */
  offset(occurrence: number): number {
    return this.#list[occurrence] ?? 0;
  }

  #openSlots(fields: number): void {
    const needed = this.#usedSlots + 2 * fields;
    if (needed > this.#slots.length) this.#slots = grown(this.#slots, needed);
    this.#slots.fill(NONE, this.#usedSlots, needed);
    this.#usedSlots = needed;
  }

  #note(slot: number, offset: number): void {
    const occurrence = this.#used;
    if (occurrence + 2 > this.#list.length) this.#list = grown(this.#list, occurrence + 2);
    this.#list[occurrence] = offset;
    this.#list[occurrence + 1] = NONE;
    this.#used += 2;
    if (this.#slots[slot] === NONE) this.#slots[slot] = occurrence;
    else this.#list[(this.#slots[slot + 1] ?? 0) + 1] = occurrence;
    this.#slots[slot + 1] = occurrence;
  }
}

/** What was noted of one message. */
export interface MessageFields {
  readonly slots: number;
  readonly used: number;
}

function grown(ints: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(needed, 2 * ints.length));
  larger.set(ints);
  return larger;
}
