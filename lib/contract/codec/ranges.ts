import type { ScalarType } from '../descriptor/model.ts';

export type IntegerType = Exclude<ScalarType, 'double' | 'float' | 'bool' | 'string' | 'bytes'>;

/** Inclusive bounds of the integer types. */
export const INTEGER_RANGES: Readonly<Record<IntegerType, readonly [min: bigint, max: bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

/** The largest finite `float`. */
export const MAX_FLOAT = 3.4028234663852886e38;

export const isInteger = (type: string): type is IntegerType => Object.hasOwn(INTEGER_RANGES, type);
export const isWide = (type: string): boolean => type.endsWith('64');
export const isUnsigned = (type: string): boolean => INTEGER_RANGES[type as IntegerType]?.[0] === 0n;

/** A 64-bit integer in protobufjs: two halves. */
export interface Wide {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

export const toBigInt = ({ low, high, unsigned }: Wide): bigint =>
  (BigInt(unsigned ? high >>> 0 : high) << 32n) | BigInt(low >>> 0);

export const toWide = (value: bigint, unsigned: boolean): Wide => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned,
});
