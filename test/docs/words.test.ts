import { describe, expect, it } from 'vitest';
import { architecturePages, blocks, pages, readPage, sentences } from './pages.ts';

const MAX_README_WORDS = 1200;
const MAX_MEAN_SENTENCE = 20;
/** Two screens. */
const MAX_LINES = 100;
const MAX_COLUMNS = 120;

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;

it(`the README has at most ${MAX_README_WORDS} words, code included`, () => {
  expect(words(readPage('README.md').text)).toBeLessThanOrEqual(MAX_README_WORDS);
});

it.each(pages())(`$path has sentences of at most ${MAX_MEAN_SENTENCE} words on average`, ({ text }) => {
  const lengths = sentences(text).map(({ length }) => length);

  expect(lengths.length).toBeGreaterThan(2);
  expect(mean(lengths)).toBeLessThanOrEqual(MAX_MEAN_SENTENCE);
});

it('counts the words of each sentence', () => {
  const text =
    '# Title\n\nOne two. Three `four` five!\n\n- six\n- seven (eight)\n\n| a | b |\n\n```sh\nnot this\n```\n';

  expect(sentences(text).map(({ length }) => length)).toEqual([2, 3, 1, 2]);
});

describe('the architecture pages', () => {
  it('are numbered from 1 without a gap, each with its number in its title', () => {
    const titles = architecturePages().map(({ text }) => text.split('\n', 1)[0]);

    expect(titles.length).toBeGreaterThan(5);
    expect(titles).toEqual(titles.map((_, i) => expect.stringMatching(new RegExp(`^# ${i + 1}\\. [A-Z]`))));
  });

  it.each(architecturePages())('$path has two screens and one diagram', ({ text }) => {
    const lines = text.trimEnd().split('\n');

    expect(lines.length).toBeLessThanOrEqual(MAX_LINES);
    expect(lines.filter((line) => line.length > MAX_COLUMNS && !/^\||\]\(/.test(line))).toEqual([]);
    expect(blocks(text, 'mermaid')).toHaveLength(1);
  });

  it('lead from each to the next', () => {
    const all = architecturePages();

    for (const [i, { path, text }] of all.entries()) {
      const next = all[i + 1]?.path.replace('docs/', '');
      if (next) expect(text.trimEnd().split('\n').at(-1), path).toContain(`](${next})`);
    }
  });
});
