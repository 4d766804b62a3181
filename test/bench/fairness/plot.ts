import { type Box, drawChart, drawing, lineThrough } from '../charts/chart.ts';
import { linear, linearTo } from '../charts/scale.ts';
import type { Sharing } from './share.ts';

const BOX: Box = { width: 900, height: 300, left: 70, right: 18, top: 36, bottom: 46 };
const SECOND = 1000;

/** Runs of the first owner per second, and the latency of the second one, over time. */
export function sharingPlots(name: string, { runs, single }: Sharing): readonly string[] {
  const seconds = Math.max(1, ...runs.map(({ at }) => Math.ceil(at / SECOND)));
  const perSecond = Array.from({ length: seconds }, () => 0);
  for (const { at } of runs) perSecond[Math.floor(at / SECOND)] = (perSecond[Math.floor(at / SECOND)] ?? 0) + 1;
  const x = linearTo(seconds, [BOX.left, BOX.width - BOX.right]);
  const axis = { name: 'seconds', scale: x };
  const pace = linear(Math.max(...perSecond), [BOX.height - BOX.bottom, BOX.top]);
  const latency = linear(Math.max(1, ...single.map(({ latencyMs }) => latencyMs)), [BOX.height - BOX.bottom, BOX.top]);
  const dots = single.map(
    ({ at, latencyMs }) => `<path class="bad dots large" d="M${x.at(at / SECOND)} ${latency.at(latencyMs)}h0"/>`,
  );
  const line = lineThrough(
    'good',
    perSecond.map((count, second) => [x.at(second + 0.5), pace.at(count)] as const),
  );
  const plot = (title: string, y: { readonly name: string; readonly scale: typeof pace }, marks: readonly string[]) =>
    drawing(BOX, title, drawChart({ title, box: BOX, x: axis, y, marks }));
  return [
    plot(`${name}: runs of the owner with the backlog`, { name: 'per second', scale: pace }, [line]),
    plot(`${name}: latency of the other owner`, { name: 'milliseconds', scale: latency }, dots),
  ];
}
