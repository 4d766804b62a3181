import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Comparison, compareMix } from './compare.ts';
import { conclusionOf, tableOf } from './report.ts';

const ENTRY = fileURLToPath(new URL('../serialization.ts', import.meta.url));
const SHORT = { rounds: 3, perRound: 5 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelyard-serialization-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a message of 100 fields', () => {
  it('is smaller in protobuf for every mix, and most so when all are numbers', () => {
    const rows = [0, 0.25, 0.5, 0.75, 1].map((share) => compareMix(share, SHORT));

    const factors = rows.map(({ json, protobuf }) => json.bytes / protobuf.bytes);
    for (const factor of factors) expect(factor).toBeGreaterThan(1.3);
    expect(factors.toSorted((a, b) => a - b)).toEqual(factors);
  });

  it('is measured in full', () => {
    const { json, protobuf } = compareMix(0.5, SHORT);

    for (const us of [json.encodeUs, json.decodeUs, protobuf.encodeUs, protobuf.decodeUs])
      expect(us).toBeGreaterThan(0);
    // 50 doubles of 8 bytes, 50 words of 4 to 24 letters, one tag each, and the lengths of the words.
    expect(protobuf.bytes).toBeGreaterThan(50 * 9 + 50 * (4 + 2));
    expect(protobuf.bytes).toBeLessThan(50 * 10 + 50 * (24 + 3));
  });
});

describe('the report', () => {
  const rows: readonly Comparison[] = [
    {
      numberShare: 0,
      json: { bytes: 3000, encodeUs: 6, decodeUs: 6 },
      protobuf: { bytes: 2000, encodeUs: 9, decodeUs: 9 },
    },
    {
      numberShare: 1,
      json: { bytes: 3000, encodeUs: 12, decodeUs: 8 },
      protobuf: { bytes: 1000, encodeUs: 5, decodeUs: 5 },
    },
  ];

  it('has a row for each mix', () => {
    expect(tableOf(rows).split('\n').slice(2)).toEqual([
      '| 0 % | 3000 | 2000 | 6.0 | 9.0 | 6.0 | 9.0 |',
      '| 100 % | 3000 | 1000 | 12.0 | 5.0 | 8.0 | 5.0 |',
    ]);
  });

  it('says in four sentences what that means for a user, with the figures measured', () => {
    const conclusion = conclusionOf(rows);

    expect(conclusion.match(/\.(?: |$)/g)).toHaveLength(4);
    expect(conclusion).toContain('of strings is 1.5 times smaller than JSON, one of numbers 3.0 times');
    expect(conclusion).toContain('1.5 and 0.5 times as long as JSON');
    expect(conclusion).toContain('20 µs');
  });
});

describe('npm run bench:serialization', () => {
  it('prints the table and what it means, and writes both with the plot', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [ENTRY, '--into', folder]);

    const markdown = await readFile(join(folder, 'serialization.md'), 'utf8');
    const rows = JSON.parse(await readFile(join(folder, 'serialization.json'), 'utf8')) as readonly Comparison[];
    expect((await readdir(folder)).toSorted()).toEqual(
      ['html', 'json', 'md', 'svg'].map((kind) => `serialization.${kind}`),
    );
    expect(rows.map(({ numberShare }) => numberShare)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    for (const text of [stdout, markdown]) {
      expect(text).toContain(tableOf(rows));
      expect(text).toContain(conclusionOf(rows));
    }
    expect(markdown).toContain('](serialization.svg)');
    expect(await readFile(join(folder, 'serialization.svg'), 'utf8')).toMatch(/^<svg xmlns.*<style>.*<polyline/s);
  });
});
