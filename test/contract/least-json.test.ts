import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openContract } from '#contract/contract-codec.ts';
import { typesOf } from '#contract/descriptor/type-index.ts';
import { MessageLimitError } from '#contract/errors.ts';
import { checkWire } from '#contract/json/check-wire.ts';
import { PlanIndex } from '#contract/json/message-plan.ts';
import { ArbitraryBodies } from './support/arbitrary-body.ts';
import { everything } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';

const contract = everything();
const plan = new PlanIndex(typesOf(contract)).message(contract.requestMessage);
const { request } = openContract(contract);
const sizeOf = (pieces: readonly Uint8Array[]): number => Buffer.concat(pieces).length;
const { fromJson } = onValues(request);
const bodies = new ArbitraryBodies(contract.descriptorSet).of(contract.requestMessage);

describe('the least size of the JSON of a message', () => {
  it('is never above its size', () => {
    fc.assert(
      fc.property(bodies, fc.nat(20), (body, inners) => {
        const bytes = Buffer.concat([fromJson(body), fromJson({ many_inners: Array(inners).fill({ depth: 1 }) })]);

        expect(checkWire(plan, bytes)).toBeLessThanOrEqual(sizeOf(request.toJson(bytes)));
      }),
      { numRuns: 200 },
    );
  });

  it('counts the elements of lists with the defaults of their fields', () => {
    const element = '{"depth":0,"all":[]}';

    expect(checkWire(plan, fromJson({ many_inners: Array(1000).fill({}) }))).toBe(1000 * element.length);
  });

  it('refuses a message before anything of it is written', () => {
    const bytes = fromJson({ many_inners: Array(1000).fill({}) });

    expect(() => request.toJson(bytes, 19_999)).toThrow(MessageLimitError);
  });
});
