import { describe, expect, it } from 'vitest';
import { contractOf, type FieldDescriptor, typesOf } from '#contract';
import { type ElementType, readInput, type TensorInput } from '#runtime/backends/tensor-fields.ts';
import { FixedRequest, FixedResponse } from '#test/fixtures/proto/gen/models/fixed.ts';

const types = typesOf(contractOf(FixedRequest, FixedResponse));

function reader(type: ElementType, scalar: string, wanted: string | readonly string[] = 'x') {
  const input: TensorInput = { name: 'X', type, dims: [undefined], isBatched: true };
  const cardinality = typeof wanted === 'string' ? 'repeated' : 'single';
  const field = { name: 'x', cardinality, type: { kind: 'scalar', scalar } } as FieldDescriptor;
  return readInput(input, wanted, () => field, types);
}

describe('an input of a graph', () => {
  it.each([
    ['int8', 'int32', [-128, 127]],
    ['uint8', 'uint32', [0, 255]],
    ['uint8', 'bytes', Uint8Array.of(0, 255)],
    ['int64', 'int64', [-(2n ** 63n), 2n ** 63n - 1n]],
    ['int32', 'double', [1, -(2 ** 31)]],
    ['uint16', 'bool', [true, false]],
    ['float32', 'double', [0.5, Number.NaN]],
  ] as const)('of %s takes the values of %s that it can hold', (type, scalar, x) => {
    expect(reader(type, scalar)({ x }).values).toEqual(x);
  });

  it.each([
    ['int8', 'int32', 128, '-128 to 127, not 128'],
    ['uint8', 'int32', -1, '0 to 255, not -1'],
    ['int32', 'int64', 2n ** 31n, '-2147483648 to 2147483647, not 2147483648'],
    ['uint64', 'int64', -1n, '0 to 18446744073709551615, not -1'],
    ['int64', 'double', 1.5, '-9223372036854775808 to 9223372036854775807, not 1.5'],
    ['int64', 'double', Number.NaN, '-9223372036854775808 to 9223372036854775807, not NaN'],
  ] as const)('of %s refuses a value of %s that it would hold as another: %s', (type, scalar, value, range) => {
    expect(() => reader(type, scalar)({ x: [value] })).toThrow(`x must have whole numbers from ${range}.`);
  });

  it.each(['x', ['x']] as const)('of numbers refuses a field of text: %o', (wanted) => {
    expect(() => reader('float32', 'string', wanted)).toThrow('The field x is text, and the input X takes float32.');
  });
});
