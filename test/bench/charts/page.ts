import { CHART_STYLE, escaped } from './chart.ts';

const PAGE_STYLE = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;padding:0 1rem;max-width:60rem;background:var(--paper);color:var(--ink)}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.4rem 0}.soft,figcaption{color:var(--soft)}
svg{width:100%;height:auto;display:block}figure{margin:1.5rem 0}figcaption{font-size:.85rem}
.figures{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.25rem 0;padding:0}
.figures div{flex:1 1 7rem;border:1px solid var(--line);border-radius:.5rem;padding:.5rem .75rem}
.figures dt{color:var(--soft);font-size:.85rem}.figures dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500;font-size:.85rem}td.number,th.number{text-align:right;width:1%;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:12rem;overflow-y:auto;border:1px solid var(--line);border-radius:.5rem;padding:.75rem;margin:.5rem 0;font-size:.85rem}`.trim();

/** A standalone HTML page without external requests, for light and dark mode. */
export const pageOf = (title: string, content: readonly string[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>
${CHART_STYLE}
${PAGE_STYLE}
</style>
<h1>${escaped(title)}</h1>
${content.join('\n')}
</html>
`;

/** The main figures of a report. */
export const figuresOf = (figures: readonly (readonly [name: string, figure: string])[]): string =>
  `<dl class="figures">${figures.map(([name, figure]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(figure)}</dd></div>`).join('')}</dl>`;

/** A drawing with its caption. */
export const figureOf = (drawing: string, caption: string): string =>
  `<figure>${drawing}<figcaption>${escaped(caption)}</figcaption></figure>`;

/** Numbers are right-aligned. */
export interface Column {
  readonly name: string;
  readonly isNumber?: boolean;
}

/** A table that scrolls horizontally in narrow windows. */
export function tableIn(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const kind = (index: number): string => (columns[index]?.isNumber ? ' class="number"' : '');
  const head = columns.map(({ name }, index) => `<th${kind(index)}>${escaped(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${kind(i)}>${escaped(cell)}</td>`).join('')}</tr>`);
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
