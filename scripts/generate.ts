import { parseArgs } from 'node:util';
import { compile } from './generate/compile.ts';
import { generatePython, outdatedPython, writePython } from './generate/emit-python.ts';
import { acceptNewFiles, generate, outdated, unacceptedFiles, write } from './generate/generate.ts';

// `npm run generate` writes TypeScript for every .proto file, type stubs for models in Python, and adds new files to the
// baseline of the breaking check.
// With --check it only compares, and fails when files differ.
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = process.cwd();
const files = compile(root);
const expected = generate(root, files);
const python = generatePython(root, files);

if (values.check) {
  const stale = [
    ...outdated(root, expected).map((path) => `proto/gen/${path}`),
    ...outdatedPython(root, python),
    ...unacceptedFiles(root).map((path) => `proto/baseline.binpb (lacks ${path})`),
  ];
  if (stale.length > 0) {
    process.stderr.write(`Not up to date: ${stale.join(', ')}. Run \`npm run generate\`.\n`);
    process.exitCode = 1;
  }
} else {
  write(root, expected);
  writePython(root, python);
  acceptNewFiles(root);
}
