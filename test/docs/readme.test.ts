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

  it('shows how to run it, and a whole model', () => {
    expect(blocks(text, 'bash')[0]).toContain('npm ci && npm start');
    expect(fileBlocks(text).map(({ path }) => path)).toEqual([
      'proto/models/sentiment.proto',
      'model-containers/models/sentiment/manifest.ts',
      'model-containers/models/sentiment/model.ts',
    ]);
  });
});
