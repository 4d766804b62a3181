import descriptor from 'protobufjs/ext/descriptor.js';
import protojson from 'protobufjs/ext/protojson.js';
import protobuf from 'protobufjs/light.js';

// The one place that imports protobufjs: it is CommonJS, of which only the default import is the
// same object in Node and in an esbuild bundle. The build without the .proto parser is enough here.
export { descriptor, protobuf, protojson };

/**
 * Reflected types of a serialized FileDescriptorSet. With `keepCase` fields have their original names, as
 * models see them; without, the names that `ext/protojson` insists on. Throws for bytes that are no descriptor set.
 */
export const rootOf = (descriptorSet: Uint8Array, { keepCase }: { readonly keepCase: boolean }): protobuf.Root =>
  protobuf.Root.fromDescriptor(descriptorSet, { keepCase });
