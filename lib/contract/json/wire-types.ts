import type { ScalarType } from '../descriptor/model.ts';

/** Wire types: the lower three bits of a tag. */
export const VARINT = 0;
export const FIXED_64 = 1;
export const LENGTH_DELIMITED = 2;
export const START_GROUP = 3;
export const END_GROUP = 4;
export const FIXED_32 = 5;

const WIRE_TYPES: Readonly<Record<ScalarType, number>> = {
  double: FIXED_64,
  float: FIXED_32,
  int64: VARINT,
  uint64: VARINT,
  int32: VARINT,
  fixed64: FIXED_64,
  fixed32: FIXED_32,
  bool: VARINT,
  string: LENGTH_DELIMITED,
  bytes: LENGTH_DELIMITED,
  uint32: VARINT,
  sfixed32: FIXED_32,
  sfixed64: FIXED_64,
  sint32: VARINT,
  sint64: VARINT,
};

export const wireTypeOf = (type: ScalarType): number => WIRE_TYPES[type];

/** The tag of the field. */
export const tagOf = (number: number, type: ScalarType): number => ((number << 3) | WIRE_TYPES[type]) >>> 0;

/** The recursion limit of protobuf decoders. Map entries count as messages. */
export const MAX_DEPTH = 100;

export const TOO_DEEP = `Must not be nested more than ${MAX_DEPTH} messages deep.`;
