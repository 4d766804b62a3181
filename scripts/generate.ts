import { parseArgs } from 'node:util';
import { generate, outdated, write } from './generate/generate.ts';

// `npm run generate`: TypeScript from every .proto file. With --check it changes nothing, and fails when it would.
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = process.cwd();
const expected = generate(root);
const stale = outdated(root, expected);

if (!values.check) write(root, expected);
else if (stale.length > 0) {
  process.stderr.write(
    `Not up to date: ${stale.map((path) => `proto/gen/${path}`).join(', ')}. Run \`npm run generate\`.\n`,
  );
  process.exitCode = 1;
}
