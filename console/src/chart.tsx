import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

interface Curve {
  readonly name: string;
  /** A CSS variable of the page. */
  readonly colour: string;
  /** One per time; null where there is no value. */
  readonly values: readonly (number | null)[];
  /** Draws a line over times without a value. */
  readonly isSparse?: boolean;
}

interface ChartProps {
  /** The text for screen readers. */
  readonly label: string;
  /** RFC 3339. */
  readonly times: readonly string[];
  readonly curves: readonly Curve[];
  readonly height: number;
  readonly hasAxes: boolean;
}

/** Curves over time. */
export default function Chart({ label, times, curves, height, hasAxes }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const data = JSON.stringify([times, curves]);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const [at, shown] = JSON.parse(data) as [readonly string[], readonly Curve[]];
    const ticks: uPlot.Axis['values'] = (_, splits, __, ___, step) => splits.map((at) => timeOf(at, step));
    const axis = { stroke: colourOf(element, '--faint'), grid: { stroke: colourOf(element, '--line'), width: 1 } };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        // Room for points at the edges.
        ...(hasAxes ? {} : { padding: [5, 5, 5, 5] as const }),
        legend: { show: hasAxes },
        cursor: { show: hasAxes },
        axes: hasAxes ? [{ ...axis, values: ticks }, axis] : [{ show: false }, { show: false }],
        scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
        series: [
          { label: 'Time', value: (_, at) => (at === null ? '--' : MOMENT.format(new Date(at * 1000))) },
          ...shown.map(({ name, colour, isSparse = false }) => ({
            label: name,
            stroke: colourOf(element, colour),
            width: 2,
            spanGaps: isSparse,
            // A single value has no line.
            points: { show: true, size: hasAxes ? 4 : 5 },
          })),
        ],
      },
      [at.map((time) => Date.parse(time) / 1000), ...shown.map(({ values }) => [...values])],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [data, height, hasAxes]);
  return <div ref={place} className="chart" role="img" aria-label={label} />;
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const CLOCK_WITH_SECONDS = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const DATE = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** As the reader writes times, in steps of so many seconds. Without it, times are those of the United States. */
function timeOf(at: number, step: number): string {
  const time = new Date(at * 1000);
  const isMidnight = time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0;
  if (step >= 86_400 || isMidnight) return DATE.format(time);
  return (step < 60 ? CLOCK_WITH_SECONDS : CLOCK).format(time);
}

/** A canvas does not know `light-dark()`: the colour as the page resolves it. */
function colourOf(element: HTMLElement, variable: string): string {
  element.style.color = `var(${variable})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}
