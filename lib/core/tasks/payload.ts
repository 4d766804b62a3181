/**
 * Encoded protobuf bytes on their way through the system: carried along, or left in the
 * blob store when they are too large for a queue message or a table row.
 */
export type Payload =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly key: string; readonly size: number };

/** Payloads above this travel by reference. A base64 body of it still fits a 256 KiB message, a row stays under 400 KB. */
export const MAX_INLINE_BYTES = 128 * 1024;

/** The largest request or result that is accepted, in protobuf bytes: what API Gateway passes on. */
export const MAX_PAYLOAD_BYTES = 10 * 1024 * 1024;
