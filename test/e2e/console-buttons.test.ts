import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const textsOf = (pattern: string) =>
  globSync(pattern, { cwd: ROOT }).map((path) => [path, readFileSync(`${ROOT}/${path}`, 'utf8')] as const);

/** The texts that a button of the console may have, as expressions. Tabs are buttons of their own kind. */
const BUTTONS = textsOf('console/src/*.tsx').flatMap(([path, source]) =>
  [...source.matchAll(/<button\b(.*?)<\/button>/gs)].flatMap(([, text = '']) => {
    if (text.includes('role="tab"')) return [];
    // The name for screen readers goes before the text, which it begins with.
    const [, name] = /\baria-label=\{`(.*?)`\}/.exec(text) ?? [];
    const label = name?.replaceAll('${', '{') ?? text.slice(text.search(/(?<!=)>/) + 1).trim();
    return [{ path, label: label.replaceAll(/\s+/g, ' '), texts: alternatives(label, source) }];
  }),
);

/** `{a ? 'One' : 'Two'}` has two texts, `{label}` that of its default, and `Drain {id}` any ending. */
function alternatives(label: string, source: string): readonly RegExp[] {
  const quoted = [...label.matchAll(/'([^']+)'/g)].map(([, text = '']) => text);
  const byDefault = /: label\}/.test(label) ? [`${/\blabel = '([^']+)'/.exec(source)?.[1]}.*`] : [];
  const texts = label.startsWith('{') ? [...quoted, ...byDefault] : [label.replaceAll(/\{[^}]+\}/g, '.+')];
  return texts.map((text) => new RegExp(`^${text}$`));
}

/** The names of the buttons that tests click. */
const CLICKED = textsOf('test/e2e/console*.test.ts').flatMap(([, source]) =>
  [
    ...source.matchAll(
      /'button', \{ name: ['`]([^'`]+)['`][^)]*\}\)\s*(?:\.first\(\)\s*)?\.(?:click\(|press\('Enter')/g,
    ),
  ].map(([, name = '']) => name),
);

describe('the buttons of the console', () => {
  it('are found in its source', () => {
    expect(BUTTONS.length).toBeGreaterThan(15);
    expect(BUTTONS.filter(({ texts }) => texts.length === 0)).toEqual([]);
  });

  it.each(BUTTONS)('have a test that clicks "$label" of $path', ({ texts }) => {
    const untested = texts.every((text) => !CLICKED.some((name) => text.test(name)));

    expect(untested ? texts : []).toEqual([]);
  });
});
