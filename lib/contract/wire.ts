import protobuf from 'protobufjs/minimal.js';

// For the few messages that are written and read by hand, because setting up reflection costs more than they do.
export const Writer = protobuf.Writer;
export const Reader = protobuf.Reader;
export type Writer = InstanceType<typeof protobuf.Writer>;
export type Reader = InstanceType<typeof protobuf.Reader>;
