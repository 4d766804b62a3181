import { parseArgs } from 'node:util';
import { acceptNewFiles, unacceptedFiles } from './generate/baseline.ts';
import { generate, outdated, write } from './generate/generate.ts';

// `npm run generate`: TypeScript from every .proto file, and a place in the baseline of the breaking check for
// new ones. With --check it changes nothing, and fails when it would.
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = process.cwd();
const expected = generate(root);

if (values.check) {
  const stale = [
    ...outdated(root, expected).map((path) => `proto/gen/${path}`),
    ...unacceptedFiles(root).map((path) => `proto/baseline.binpb (lacks ${path})`),
  ];
  if (stale.length > 0) {
    process.stderr.write(`Not up to date: ${stale.join(', ')}. Run \`npm run generate\`.\n`);
    process.exitCode = 1;
  }
} else {
  write(root, expected);
  acceptNewFiles(root);
}
