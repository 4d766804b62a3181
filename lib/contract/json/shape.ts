/** What protobuf decoders everywhere accept. The entries of maps count as messages, as they do on the wire. */
export const MAX_DEPTH = 100;

export const TOO_DEEP = `Must not be nested more than ${MAX_DEPTH} messages deep.`;
