/** Canonical proto3 JSON. */
export const JSON_TYPE = 'application/json';
/** The binary protobuf encoding of one message. */
export const PROTOBUF_TYPE = 'application/x-protobuf';
export const JSON_SCHEMA_TYPE = 'application/schema+json';
/** RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json';

export type MediaType = typeof JSON_TYPE | typeof PROTOBUF_TYPE;

/** Media types that API Gateway must treat as binary. */
export const BINARY_TYPES = [PROTOBUF_TYPE] as const;
