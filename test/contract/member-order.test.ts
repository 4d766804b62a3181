import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sortMembers } from '#contract/json/member-order.ts';
import type { FieldPlan } from '#contract/json/message-plan.ts';

it('sorts few and many members by field number, stably, from the first one on', () => {
  const numbers = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 40 });
  fc.assert(
    fc.property(numbers, numbers, (before, open) => {
      const fields = [...before, ...open].map((number) => ({ number }) as FieldPlan);
      const keys = fields.map((_, i) => i);
      const sorted = open
        .map((number, i) => ({ number, key: before.length + i }))
        .toSorted((a, b) => a.number - b.number);

      sortMembers(fields, keys, before.length, keys.length);

      expect(fields.map(({ number }) => number)).toEqual([...before, ...sorted.map(({ number }) => number)]);
      expect(keys).toEqual([...before.map((_, i) => i), ...sorted.map(({ key }) => key)]);
    }),
  );
});
