import { describe, expect, it } from 'vitest';
import gdpGrowthRate from '#models/gdp_growth_rate/model.ts';
import modelA from '#models/model_a/model.ts';
import { run } from '../models/support/run.ts';
import { blocks, fileBlocks, readPage } from './pages.ts';

const { text } = readPage('README.md');

describe('the README', () => {
  it('shows what the models really answer', async () => {
    const shown = [...text.matchAll(/"result":(\{.*?\}),"error":null/g)].map(([, json = '']) => JSON.parse(json));
    const sent = [...text.matchAll(/predict\/(model_a|gdp_growth_rate).*?-d '(\{.*?\})'/gs)].map(([, , json = '']) =>
      JSON.parse(json),
    );

    const answers = [await run(modelA, sent[0]), await run(gdpGrowthRate, sent[1])];

    expect(sent).toHaveLength(2);
    expect(shown).toEqual(answers);
  });

  it('shows how to run it, and three models in at most 15 lines a file', () => {
    const files = fileBlocks(text);

    expect(blocks(text, 'bash')[0]).toContain('npm ci && npm start');
    expect(files.map(({ path }) => path)).toEqual([
      'proto/models/sentiment.proto',
      'model-containers/models/sentiment/manifest.json',
      'model-containers/models/sentiment/model.py',
      'proto/models/churn.proto',
      'model-containers/models/churn/manifest.json',
      'model-containers/models/word_count/manifest.ts',
      'model-containers/models/word_count/model.ts',
    ]);
    expect(Math.max(...files.map((file) => file.text.trimEnd().split('\n').length))).toBeLessThanOrEqual(15);
  });
});
