import { enableCompileCache } from 'node:module';
import { CACHE } from '#local/instance-command.ts';
import { parseOptions } from '#local/options.ts';

// `npm start`
const parsed = parseOptions(process.argv.slice(2));
if ('help' in parsed) process.stdout.write(parsed.help);
else if ('fault' in parsed) {
  process.stderr.write(`${parsed.fault}\n`);
  process.exitCode = 2;
} else {
  enableCompileCache(CACHE);
  const { runLocal } = await import('#local/run.ts');
  process.exit(await runLocal(parsed.start, process.env));
}
