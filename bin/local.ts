import { enableCompileCache } from 'node:module';
import { CACHE } from '#local/instance-command.ts';
import { parseOptions } from '#local/options.ts';
import { freshenConsole } from '../lib/bundling/fresh-console.ts';

// `npm start`
const parsed = parseOptions(process.argv.slice(2));
if ('help' in parsed) process.stdout.write(parsed.help);
else if ('fault' in parsed) {
  process.stderr.write(`${parsed.fault}\n`);
  process.exitCode = 2;
} else {
  enableCompileCache(CACHE);
  // Recovery: the API serves without its console, and `/` says how to build it.
  await freshenConsole().catch((error: Error) => process.stderr.write(`The console was not built: ${error.message}\n`));
  const { runLocal } = await import('#local/run.ts');
  process.exit(await runLocal(parsed.start, process.env));
}
