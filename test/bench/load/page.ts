import { escaped } from '../charts/chart.ts';
import { figureOf, figuresOf, pageOf, tableIn } from '../charts/page.ts';
import { latencyPlot, pacePlot } from './plots.ts';
import type { Sample } from './run.ts';
import { milliseconds, type Percentiles } from './statistics.ts';
import type { Summary } from './summary.ts';
import { inLine, pace, remarks, share } from './words.ts';

/** The HTML report: figures, plots and faults. Its plot contains all samples. */
export function htmlOf(summary: Summary, samples: readonly Sample[]): string {
  const { model, url, startedAt, body, latencyMs, succeeded, requests, throughput } = summary;
  const ms = (name: keyof Percentiles): string => (latencyMs ? `${milliseconds(latencyMs[name])} ms` : '–');
  return pageOf(`Load on ${model}`, [
    `<p class="soft">${escaped(`${url}, ${pace(summary)}; begun ${startedAt}`)}</p>`,
    figuresOf([
      ['p50', ms('p50')],
      ['p90', ms('p90')],
      ['p99', ms('p99')],
      ['max', ms('max')],
      ['succeeded', `${share(summary)}`],
      ['throughput', `${throughput} / s`],
    ]),
    `<p>${succeeded.toLocaleString('en')} of ${requests.toLocaleString('en')} requests succeeded. Latency counts from when a request was due until its result ` +
      'was here, and the percentiles are of those that succeeded. Requests were sent at their times whatever became ' +
      'of those before, so slow answers do not hide.</p>',
    figureOf(
      latencyPlot(summary, samples),
      'Logarithmic. Tasks that fall together are one point, stronger from three on and from ten.',
    ),
    figureOf(pacePlot(summary), 'Those that did not succeed count here even where they were never sent.'),
    ...errorsOf(summary),
    '<h2>To judge by</h2>',
    ...remarks(summary).map((remark) => `<p>${escaped(remark)}</p>`),
    '<h2>The request</h2>',
    `<pre>${escaped(body.length > LONGEST_BODY ? `${body.slice(0, LONGEST_BODY)}…` : body)}</pre>`,
  ]);
}

const LONGEST_BODY = 2_000;

function errorsOf({ errors, latencyOfAllMs }: Summary): readonly string[] {
  if (errors.length === 0) return [];
  return [
    '<h2>What did not succeed</h2>',
    tableIn(
      [{ name: 'requests', isNumber: true }, { name: 'what came' }, { name: 'what the first was told' }],
      errors.map(({ count, what, detail }) => [count.toLocaleString('en'), what, detail ?? '']),
    ),
    `<p>With these, of all that were sent, latency in ms: ${inLine(latencyOfAllMs)}.</p>`,
  ];
}
