import { measureLoad } from './load/measure.ts';
import { parseLoadOptions } from './load/options.ts';
import { measureSteps } from './load/steps/measure.ts';

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
  const surroundings = { stdout, stderr, stop: stop.signal };
  const code = await ('steps' in parsed
    ? measureSteps(parsed.steps, surroundings)
    : measureLoad(parsed.run, surroundings));
  process.exitCode = stopped === undefined ? code : SIGNALED[stopped];
}
