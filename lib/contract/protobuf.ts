import protojson from 'protobufjs/ext/protojson.js';
import protobuf from 'protobufjs/light.js';

// The one place that imports protobufjs with reflection: it is CommonJS, of which only the default import is
// the same object in Node and in an esbuild bundle. The build without the .proto parser is enough here.
export { protobuf, protojson };
