import { useEffect, useRef, useState } from 'react';
import { duration, State } from './ui.tsx';

export interface Stage {
  readonly name: string;
  readonly uses: string;
  readonly after: readonly string[];
  readonly state: string;
  readonly duration_ms: number | null;
  readonly error: unknown;
}

/** Stages in columns, each one right of those that it waits for, with an arrow from each of them. */
export function StageGraph({ stages }: { readonly stages: readonly Stage[] }) {
  const place = useRef<HTMLDivElement>(null);
  const [arrows, setArrows] = useState('');
  const links = JSON.stringify(stages.map(({ name, after }) => [name, after]));
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    // Called at once, and when an error makes a stage higher.
    const observer = new ResizeObserver(() => setArrows(arrowsIn(element, JSON.parse(links))));
    for (const each of [element, ...element.querySelectorAll('[data-stage]')]) observer.observe(each);
    return () => observer.disconnect();
  }, [links]);
  return (
    <div className="graph">
      <div ref={place}>
        <svg aria-hidden="true">
          <path d={arrows} />
        </svg>
        <ol aria-label="Stages">
          {columnsOf(stages).map((column) => (
            <li key={column[0]?.name}>
              {column.map((stage) => (
                <StageCard key={stage.name} stage={stage} />
              ))}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

const StageCard = ({ stage: { name, uses, after, state, duration_ms, error } }: { readonly stage: Stage }) => (
  <div className="card" data-stage={name}>
    <strong>{name}</strong> <State state={state} />
    <p className="faint">
      {uses}, {duration(duration_ms)}
      {after.length > 0 ? `, after ${after.join(' and ')}` : ''}
    </p>
    {error ? <p className="failure">{typeof error === 'string' ? error : JSON.stringify(error)}</p> : null}
  </div>
);

/** In the order of their dependencies, whatever the order in which they were defined. */
function columnsOf(stages: readonly Stage[]): readonly (readonly Stage[])[] {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const depths = new Map<string, number>();
  const depthOf = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const depth = Math.max(-1, ...(byName.get(name)?.after.map(depthOf) ?? [])) + 1;
    depths.set(name, depth);
    return depth;
  };
  const columns: Stage[][] = [];
  for (const stage of stages) {
    const depth = depthOf(stage.name);
    columns[depth] = [...(columns[depth] ?? []), stage];
  }
  return columns;
}

type Links = readonly (readonly [name: string, after: readonly string[]])[];

/** The path of all arrows: from the right side of a stage to the left side of one that waits for it. */
function arrowsIn(element: HTMLElement, links: Links): string {
  const origin = element.getBoundingClientRect();
  const boxes = new Map(
    [...element.querySelectorAll<HTMLElement>('[data-stage]')].map((card) => [
      card.dataset.stage,
      card.getBoundingClientRect(),
    ]),
  );
  return links
    .flatMap(([name, after]) => after.map((before) => [boxes.get(before), boxes.get(name)] as const))
    .map(([from, to]) => {
      if (!from || !to) return '';
      const [x1, y1] = [from.right - origin.left, from.top + from.height / 2 - origin.top];
      const [x2, y2] = [to.left - origin.left, to.top + to.height / 2 - origin.top];
      const middle = (x1 + x2) / 2;
      return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}m-7 -4l7 4l-7 4`;
    })
    .join('');
}
