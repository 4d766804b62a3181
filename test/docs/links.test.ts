import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../architecture/cruise.ts';
import { anchors, type Link, localLinks, pages, readPage } from './pages.ts';

const targetOf = ({ page, target }: Link): { readonly path: string; readonly anchor: string | undefined } => {
  const [path = '', anchor] = target.split('#');
  return { path: path === '' ? page : normalize(join(dirname(page), path)), anchor };
};

describe('links', () => {
  it.each(pages())('of $path lead to files and headings that exist', (page) => {
    const broken = localLinks(page).filter((link) => {
      const { path, anchor } = targetOf(link);
      if (!existsSync(join(ROOT, path))) return true;
      return anchor !== undefined && !anchors(readPage(path).text).includes(anchor);
    });

    expect(broken).toEqual([]);
  });

  it('lead from the README to every page', () => {
    const seen = new Set<string>();
    const waiting = ['README.md'];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path) || !path.endsWith('.md')) continue;
      seen.add(path);
      waiting.push(...localLinks(readPage(path)).map((link) => targetOf(link).path));
    }

    const all = pages().map(({ path }) => path);
    expect(all.length).toBeGreaterThan(12);
    expect(all.filter((path) => !seen.has(path) && !path.startsWith('model-containers/'))).toEqual([]);
  });

  it('are found with their anchors', () => {
    const page = { path: 'docs/a.md', text: 'See [b](b.md#a-b-c) and [web](https://example.org).' };

    expect(localLinks(page)).toEqual([{ page: 'docs/a.md', label: 'b', target: 'b.md#a-b-c' }]);
    expect(anchors('## A `b`, c\n```\n# no heading\n```\n')).toEqual(['a-b-c']);
  });
});

describe('the guarantees', () => {
  const { text } = readPage('docs/guarantees.md');
  const rows = text.split('\n').filter((line) => /^\| [A-Z]/.test(line));

  it('each name the tests that show them', () => {
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) {
      const links = localLinks({ path: 'docs/guarantees.md', text: row });
      expect(links.length, row).toBeGreaterThan(0);
      for (const { label, target } of links) {
        expect(target, row).toMatch(
          new RegExp(`^\\.\\./test/(?:[\\w-]+/)+${label.replaceAll('`', '')}(?:\\.test)?\\.ts$`),
        );
      }
    }
  });

  it('say what is not promised', () => {
    expect(text.split('## Not promised')[1]?.match(/^- \*\*/gm)?.length).toBeGreaterThan(5);
  });
});
