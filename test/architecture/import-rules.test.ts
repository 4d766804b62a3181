import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cruiseTree, FOLDERS, ROOT, rules, sourceFiles } from './cruise.ts';
import { HOUSE, ORPHAN, PLANTS } from './plants.ts';

describe('the import rules', () => {
  let house: ICruiseResult;

  beforeAll(async () => {
    house = await cruiseTree(ROOT);
  });

  it('are kept', () => {
    const violations = house.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);

    expect(violations).toEqual([]);
  });

  it('were held against every module there is', () => {
    const seen = new Set(house.modules.map(({ source }) => source));

    expect(sourceFiles(ROOT).filter((path) => !seen.has(path))).toEqual([]);
    for (const folder of FOLDERS) expect(sourceFiles(ROOT, [folder]), folder).not.toEqual([]);
  });

  it('give every module a room', async () => {
    const { forbidden = [] } = await rules();
    const rooms = forbidden.flatMap((rule) => {
      const isRoom = 'to' in rule && 'pathNot' in rule.to && !('path' in rule.to);
      return isRoom && typeof rule.from.path === 'string' ? [new RegExp(rule.from.path)] : [];
    });
    const outside = /^(?:bin|scripts|test)\//;

    const homeless = sourceFiles(ROOT).filter((path) => !outside.test(path) && !rooms.some((room) => room.test(path)));

    expect(rooms.length).toBeGreaterThan(8);
    expect(homeless).toEqual([]);
  });

  it('see through the #names of package.json and into type imports', () => {
    const port = house.modules.find(({ source }) => source === 'lib/core/errors.ts');

    expect(port?.dependencies.map(({ resolved }) => resolved)).toContain('lib/contract/index.ts');
  });
});

describe('a planted violation', () => {
  let root: string;
  let planted: ICruiseResult;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'modelyard-plants-'));
    await copyFile(join(ROOT, 'package.json'), join(root, 'package.json'));
    for (const [path, text] of Object.entries(HOUSE)) await write(root, path, text);
    for (const { path, imports, atRunTime, others = {} } of PLANTS) {
      await write(root, path, atRunTime ? `import '${imports}';\n` : `import type {} from '${imports}';\n`);
      for (const [other, text] of Object.entries(others)) await write(root, other, text);
    }
    planted = await cruiseTree(root);
  });

  afterAll(() => rm(root, { recursive: true }));

  it.each(PLANTS)('of $rule is caught: $path imports $imports', ({ rule, path }) => {
    const broken = planted.summary.violations
      .filter(({ from }) => from === path)
      .map((violation) => violation.rule.name);

    expect(broken).toContain(rule);
  });

  it('of no-orphan is caught', () => {
    const orphans = planted.summary.violations.filter(({ rule }) => rule.name === 'no-orphan').map(({ from }) => from);

    expect(orphans).toContain(ORPHAN);
  });

  it('exists for every rule', async () => {
    const { forbidden = [] } = await rules();

    const names = new Set([...PLANTS.map(({ rule }) => rule), 'no-orphan']);

    expect(forbidden.map(({ name }) => name).filter((name) => !names.has(name ?? ''))).toEqual([]);
  });
});

async function write(root: string, path: string, text: string): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
