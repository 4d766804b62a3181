import descriptor from 'protobufjs/ext/descriptor.js';
import protobuf from 'protobufjs/light.js';

// The one place that imports protobufjs: it is CommonJS, of which only the default import is the
// same object in Node and in an esbuild bundle. The build without the .proto parser is enough here.
export { descriptor, protobuf };

/** Reflected types of a serialized FileDescriptorSet, fields under their original names. Throws for bytes that are none. */
export const rootOf = (descriptorSet: Uint8Array): protobuf.Root =>
  protobuf.Root.fromDescriptor(descriptorSet, { keepCase: true });
