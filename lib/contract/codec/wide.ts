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
