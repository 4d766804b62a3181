import { readOptions, USAGE } from './kill/options.ts';
import { describeReport, isClean } from './kill/report.ts';
import { torture } from './kill/torture.ts';

const options = (() => {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
    return process.exit(2);
  }
})();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const startedAt = performance.now();
process.stdout.write(`seed ${options.seed}\n`);
const report = await torture(options, (text) => {
  process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}\n`);
});
process.stdout.write(describeReport(report, options.seed));
process.exit(isClean(report) ? 0 : 1);
