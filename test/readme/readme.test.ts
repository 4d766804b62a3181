import { readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import gdpGrowthRate from '#models/gdp_growth_rate/model.ts';
import modelA from '#models/model_a/model.ts';
import { ENV } from '#platform/environment.ts';
import { ROOT } from '../architecture/cruise.ts';
import { run } from '../models/support/run.ts';
import { fileBlocks, shellBlocks } from './readme-blocks.ts';

const readme = readFileSync(`${ROOT}/README.md`, 'utf8');
const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { scripts: Record<string, string> };

describe('the README', () => {
  it('explains every environment variable, and no other', () => {
    const rows = readme.matchAll(/^\| ((?:`[A-Z0-9_]+`(?:, )?)+) \|/gm);
    const explained = [...rows].flatMap(([, names = '']) => names.replaceAll('`', '').split(', '));

    expect(explained.toSorted()).toEqual(Object.values(ENV).toSorted());
  });

  it('names only npm scripts that exist', () => {
    const named = new Set([...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name));

    expect(named.size).toBeGreaterThan(3);
    expect([...named].filter((name) => !(name in scripts))).toEqual([]);
  });

  it('links only to files that exist', async () => {
    const links = [...readme.matchAll(/\]\(([^):]+)\)/g)].map(([, path = '']) => path);

    expect(links.length).toBeGreaterThan(2);
    for (const path of links) await expect(access(`${ROOT}/${path}`), path).resolves.toBeUndefined();
  });

  it('shows what the models really answer', async () => {
    const shown = [...readme.matchAll(/"result":(\{.*?\}),"error":null/g)].map(([, json = '']) => JSON.parse(json));
    const economy = {
      gdp_per_capita: 50_000,
      unemployment_rate: 5.2,
      gdp_growth_rate_lag: 2.1,
      gdp_growth_rate_ma: 2.3,
    };

    const answers = [await run(modelA, { data: 'example' }), await run(gdpGrowthRate, economy)];

    expect(shown).toEqual(answers);
  });

  it('shows how to run it, and a whole model', () => {
    expect(shellBlocks(readme)[0]).toContain('npm ci && npm start');
    expect(fileBlocks(readme).map(({ path }) => path)).toEqual([
      'proto/models/sentiment.proto',
      'model-containers/models/sentiment/manifest.ts',
      'model-containers/models/sentiment/model.ts',
    ]);
  });
});
