import type { Contract } from '#contract';
import { requestType } from '#test/contract/support/lossless.ts';
import { contractOfSchema } from '#test/contract/support/schema.ts';

/** The contract of the given version, from 1: version n has the fields `field_1` to `field_n`, which are texts. */
export const chainContract = (version: number): Contract =>
  contractOfSchema({
    root: Array.from({ length: version }, (_, i) => ({
      name: `field_${i + 1}`,
      number: i + 1,
      type: 'string',
      shape: 'single',
    })),
    child: [],
    kind: [{ name: 'KIND_0', number: 0 }],
    childName: 'Child',
    oneofName: 'choice',
  });

/** A request that uses the fields up to this one. */
export const requestUsing = (version: number): Uint8Array =>
  requestType(chainContract(version)).encode(
    Object.fromEntries(Array.from({ length: version }, (_, i) => [`field_${i + 1}`, 'x'])),
  );
