import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from '#core';

/** Pushed, or popped for undefined. */
const steps = fc.array(fc.option(fc.integer({ min: -20, max: 20 }), { nil: undefined }), { maxLength: 100 });

it('a heap gives out the first of what it holds, whatever was pushed and popped before', () => {
  fc.assert(
    fc.property(steps, (values) => {
      const heap = new Heap<number>((a, b) => a < b);
      const model: number[] = [];
      for (const value of values) {
        if (value === undefined) {
          const least = model.toSorted((a, b) => a - b)[0];
          if (least !== undefined) model.splice(model.indexOf(least), 1);
          expect(heap.pop()).toBe(least);
        } else {
          heap.push(value);
          model.push(value);
        }
        expect(heap.size).toBe(model.length);
      }
      expect(Array.from({ length: heap.size }, () => heap.pop())).toEqual(model.toSorted((a, b) => a - b));
    }),
  );
});

it('a heap compares about as often as its depth, not as its size', () => {
  let compared = 0;
  const heap = new Heap<number>((a, b) => {
    compared += 1;
    return a < b;
  });
  for (let value = 1024; value > 0; value--) heap.push(value);
  expect(compared).toBeLessThanOrEqual(1024 * 10);

  compared = 0;
  heap.pop();
  expect(compared).toBeLessThanOrEqual(20);
  for (let pushed = 2000; pushed < 2100; pushed++) {
    compared = 0;
    heap.push(pushed);
    expect(compared).toBe(1);
  }
});
