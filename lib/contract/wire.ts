import protobuf from 'protobufjs/minimal.js';

// For hand-written codecs, because setting up reflection takes longer.
export const Writer = protobuf.Writer;
export const Reader = protobuf.Reader;
export type Writer = InstanceType<typeof protobuf.Writer>;
export type Reader = InstanceType<typeof protobuf.Reader>;
