import type { FieldPlan } from './message-plan.ts';

/** Up to this number of members, sorting in place is faster. */
const FEW = 16;

/** Sorts the members from `first` to before `end` by field number; members of the same field keep their order. */
export function sortMembers(fields: FieldPlan[], keys: number[], first: number, end: number): void {
  if (end - first > FEW) sortMany(fields, keys, first, end);
  else insertFew(fields, keys, first, end);
}

/** Creates no objects: a body may have millions of small messages. */
function insertFew(fields: FieldPlan[], keys: number[], first: number, end: number): void {
  for (let from = first + 1; from < end; from += 1) {
    const field = fields[from] as FieldPlan;
    const key = keys[from] ?? 0;
    let to = from;
    for (; to > first && (fields[to - 1] as FieldPlan).number > field.number; to -= 1) {
      fields[to] = fields[to - 1] as FieldPlan;
      keys[to] = keys[to - 1] ?? 0;
    }
    fields[to] = field;
    keys[to] = key;
  }
}

function sortMany(fields: FieldPlan[], keys: number[], first: number, end: number): void {
  const members = keys.slice(first, end).map((key, i) => ({ key, field: fields[first + i] as FieldPlan }));
  members.sort((a, b) => a.field.number - b.field.number);
  for (const [i, { key, field }] of members.entries()) {
    keys[first + i] = key;
    fields[first + i] = field;
  }
}
