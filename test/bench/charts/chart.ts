import type { Scale } from './scale.ts';

/** One axis, with its name and unit. */
interface Axis {
  readonly name: string;
  readonly scale: Scale;
  /** Formats a tick. @default plain numbers */
  readonly tick?: (value: number) => string;
}

/** The position of a chart in a drawing, and the margins of its plot. */
export interface Box {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Chart {
  readonly title: string;
  readonly box: Box;
  readonly x: Axis;
  readonly y: Axis;
  readonly legend?: readonly LegendEntry[];
  /** SVG elements between the axes. */
  readonly marks: readonly string[];
}

export interface LegendEntry {
  readonly name: string;
  /** A class of `CHART_STYLE`. */
  readonly mark: string;
}

/** Colours and strokes of every chart, for light and dark mode. A standalone SVG file must contain it. */
export const CHART_STYLE = `
:root{--paper:#fff;--ink:#1f2933;--soft:#5b6875;--line:#d9dee4;--good:#2563eb;--bad:#dc2626;--other:#c2410c;--mid:#7c3aed;--low:#0f766e}
@media (prefers-color-scheme:dark){:root{--paper:#12161b;--ink:#e6eaef;--soft:#9aa7b4;--line:#2e3640;--good:#60a5fa;--bad:#f87171;--other:#fb923c;--mid:#c4b5fd;--low:#5eead4}}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
svg .title{font-size:14px;font-weight:600;fill:var(--ink)}
svg .grid{stroke:var(--line);stroke-width:1}
svg .good,svg .bad,svg .other,svg .mid,svg .low{fill:none;stroke-linecap:round;stroke-linejoin:round;stroke-width:2}
svg .good{stroke:var(--good)}svg .bad{stroke:var(--bad)}svg .other{stroke:var(--other)}svg .mid{stroke:var(--mid)}svg .low{stroke:var(--low)}
svg .dots{stroke-width:3.2}svg .large{stroke-width:6}svg .few{stroke-opacity:.4}svg .some{stroke-opacity:.7}
svg .bar{stroke:none;fill-opacity:.75}svg .bar.good{fill:var(--good)}svg .bar.bad{fill:var(--bad)}`.trim();

/** A chart with title, axes, grid and legend, as an SVG group. */
export function drawChart({ title, box, x, y, legend = [], marks }: Chart): string {
  const { width, height, left, right, top, bottom } = box;
  const floor = height - bottom;
  const middle = (left + width - right) / 2;
  const centre = (top + floor) / 2;
  const across = y.scale.ticks.map((value) => {
    const at = y.scale.at(value).toFixed(1);
    const label = `<text x="${left - 8}" y="${at}" dy="4" text-anchor="end">${(y.tick ?? String)(value)}</text>`;
    return `<path class="grid" d="M${left} ${at}H${width - right}"/>${label}`;
  });
  const along = x.scale.ticks.map((value) => {
    const at = x.scale.at(value).toFixed(1);
    return `<path class="grid" d="M${at} ${floor}v4"/><text x="${at}" y="${floor + 18}" text-anchor="middle">${(x.tick ?? String)(value)}</text>`;
  });
  return [
    `<text class="title" x="${left}" y="18">${escaped(title)}</text>`,
    ...across,
    ...along,
    `<text x="${middle}" y="${height - 6}" text-anchor="middle">${escaped(x.name)}</text>`,
    `<text transform="translate(14 ${centre}) rotate(-90)" text-anchor="middle">${escaped(y.name)}</text>`,
    ...marks,
    drawLegend(legend, width - right),
  ].join('');
}

/** An SVG with an accessible label. */
export const drawing = (size: { readonly width: number; readonly height: number }, label: string, content: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escaped(label)}">${content}</svg>`;

/** A line through points. */
export const lineThrough = (mark: string, points: readonly (readonly [number, number])[]): string =>
  `<polyline class="${mark}" points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}"/>`;

/** Right-aligned in the row of the title. */
function drawLegend(entries: readonly LegendEntry[], end: number): string {
  let at = end;
  return entries
    .toReversed()
    .map(({ name, mark }) => {
      const from = at - name.length * 6.6 - 22;
      at = from - 12;
      return `<path class="${mark}" d="M${from.toFixed(1)} 14h14"/><text x="${(from + 19).toFixed(1)}" y="18">${escaped(name)}</text>`;
    })
    .join('');
}

/** For XML text and attributes. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
