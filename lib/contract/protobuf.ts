import protobuf from 'protobufjs/light.js';

// The only import of protobufjs with reflection. It is CommonJS, and only the default import is the same object in Node
// and in a bundle. This build has no .proto parser.
export { protobuf };
