import { type Box, CHART_STYLE, drawChart, drawing, lineThrough } from '../charts/chart.ts';
import { linear } from '../charts/scale.ts';

/** Predictions per second of a model, alone and through the queue. */
export interface Gain {
  readonly model: string;
  readonly own: { readonly single: number; readonly batched: number };
  readonly single: number;
  readonly batched: number;
  readonly gain: number;
}

const BOX: Box = { width: 720, height: 320, left: 60, right: 18, top: 36, bottom: 46 };
const MARKS = ['good', 'other'] as const;

/** The gain over batches of one, by the size of the batch: the model alone, and through the queue. */
export function batchingPlot(gains: readonly Gain[], size: number): string {
  const top = Math.max(...gains.flatMap(({ gain, own }) => [gain, own.batched / own.single]));
  const x = linear(size, [BOX.left, BOX.width - BOX.right]);
  const y = linear(top, [BOX.height - BOX.bottom, BOX.top]);
  const line = (mark: string, gain: number) =>
    lineThrough(mark, [
      [x.at(1), y.at(1)],
      [x.at(size), y.at(gain)],
    ]);
  const chart = drawChart({
    title: 'Gain of batches',
    box: BOX,
    x: { name: 'requests in a batch', scale: x },
    y: { name: 'throughput over batches of one', scale: y },
    legend: gains.flatMap(({ model }, i) => [
      { name: model, mark: MARKS[i] ?? 'mid' },
      { name: `${model} alone`, mark: `${MARKS[i] ?? 'mid'} few` },
    ]),
    marks: gains.flatMap(({ gain, own }, i) => [
      line(`${MARKS[i] ?? 'mid'} few`, own.batched / own.single),
      line(MARKS[i] ?? 'mid', gain),
    ]),
  });
  return drawing(BOX, 'Gain of batches by their size', `<style>${CHART_STYLE}</style>${chart}`);
}
