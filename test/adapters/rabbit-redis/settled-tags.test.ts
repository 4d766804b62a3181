import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SettledTags } from '#adapters/rabbit-redis/queue/leased-channel.ts';

/** What a broker takes an acknowledgement for, given what is still open on the channel; it refuses tags that are not. */
function acknowledge(
  open: Set<number>,
  { deliveryTag, multiple }: { deliveryTag: number; multiple: boolean },
): number[] {
  expect(open).toContain(deliveryTag);
  const taken = multiple ? [...open].filter((tag) => tag <= deliveryTag) : [deliveryTag];
  for (const tag of taken) open.delete(tag);
  return taken;
}

describe('what was settled', () => {
  it('is acknowledged once, and never what was not, though some tags are never seen', () => {
    const rounds = fc.array(fc.array(fc.nat(30), { maxLength: 8 }), { maxLength: 12 });
    const unseen = fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { maxLength: 3 });
    fc.assert(
      fc.property(rounds, unseen, (choices, hidden) => {
        const open = new Set(Array.from({ length: 31 }, (_, index) => index + 1));
        const settleable = [...open].filter((tag) => !hidden.includes(tag));
        const tags = new SettledTags();

        for (const round of choices) {
          const settled = [...new Set(round)].flatMap((at) =>
            settleable.splice(at % Math.max(1, settleable.length), 1),
          );
          const taken = tags.add(settled).flatMap((ack) => acknowledge(open, ack));

          expect(taken.toSorted()).toEqual(settled.toSorted());
        }
      }),
    );
  });

  it('is acknowledged at one blow when it came in a row, whatever the order it was settled in', () => {
    const tags = new SettledTags();

    expect(tags.add([2, 3])).toEqual([
      { deliveryTag: 2, multiple: false },
      { deliveryTag: 3, multiple: false },
    ]);
    expect(tags.add([4, 1])).toEqual([{ deliveryTag: 4, multiple: true }]);
    expect(tags.add([7, 6, 5])).toEqual([{ deliveryTag: 7, multiple: true }]);
  });
});
