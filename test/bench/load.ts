import { measureLoad } from './load/measure.ts';
import { parseLoadOptions } from './load/options.ts';

/** npm run load -- --url http://localhost:8000 --model model_a --rate 200 --seconds 30 */
const SIGNALED = { SIGINT: 130, SIGTERM: 143 } as const;

const parsed = parseLoadOptions(process.argv.slice(2));
if ('help' in parsed) process.stdout.write(parsed.help);
else if ('fault' in parsed) {
  process.stderr.write(`${parsed.fault}\n`);
  process.exitCode = 2;
} else {
  const stop = new AbortController();
  let stopped: keyof typeof SIGNALED | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopped ??= signal;
      stop.abort();
    });
  }
  const { stdout, stderr } = process;
  const code = await measureLoad(parsed.run, { stdout, stderr, stop: stop.signal });
  process.exitCode = stopped === undefined ? code : SIGNALED[stopped];
}
