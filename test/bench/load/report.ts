import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { htmlOf } from './page.ts';
import type { Sample } from './run.ts';
import { rounded } from './statistics.ts';
import type { Summary } from './summary.ts';

/** Maximum number of samples in a report. Windows and percentiles use all samples. */
const MOST_SAMPLES = 10_000;

/** Creates the folder of the reports. Throws before the measurement if it is not writable. */
export async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
}

/** Writes `load.json` and `load.html`; resolves with their paths. */
export async function writeReports(
  folder: string,
  summary: Summary,
  samples: readonly Sample[],
): Promise<readonly string[]> {
  const files = [
    [join(folder, 'load.json'), jsonOf(summary, samples)],
    [join(folder, 'load.html'), htmlOf(summary, samples)],
  ] as const;
  for (const [path, content] of files) await writeFile(path, content);
  return files.map(([path]) => path);
}

/**
 * The summary and at most 10,000 evenly selected samples, one per line. `tookMs` is missing if a request was not sent.
 */
export function jsonOf(summary: Summary, samples: readonly Sample[]): string {
  const every = Math.max(1, Math.ceil(samples.length / MOST_SAMPLES));
  const kept = samples.filter((_, index) => index % every === 0);
  const lines = kept.map(({ atMs, tookMs, what }) =>
    JSON.stringify({ atMs: rounded(atMs), tookMs: tookMs === undefined ? undefined : rounded(tookMs), what }),
  );
  const head = JSON.stringify({ summary, samplesAreEvery: every }, undefined, 1).replace(/\n\}$/, '');
  return `${head},\n "samples": [${lines.length > 0 ? `\n  ${lines.join(',\n  ')}\n ` : ''}]\n}\n`;
}
