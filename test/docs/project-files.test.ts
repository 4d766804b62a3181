import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../architecture/cruise.ts';
import { names, readPage, tableRows } from './pages.ts';

const FILES = globSync('.github/**/*.yml', { cwd: ROOT }).toSorted();
const read = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>;
        readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
      }
    >
  >;
}

describe('the files of .github', () => {
  it.each(FILES)('%s is YAML without repeated keys', (path) => {
    expect(parse(read(path), { strict: true, uniqueKeys: true })).toEqual(expect.any(Object));
  });

  it('run the checks that a change must pass', () => {
    const { jobs } = parse(read('.github/workflows/ci.yml')) as Workflow;

    expect(jobs.run?.steps.map(({ run }) => run)).toContain('.ci/run');
    expect(Object.keys(jobs)).toContain('checks');
  });

  it('deploy with a token of GitHub, not with stored keys', () => {
    const text = read('.github/workflows/deploy.yml');
    const { jobs } = parse(text) as Workflow;

    expect(jobs.deploy?.permissions).toMatchObject({ 'id-token': 'write' });
    expect(text).toContain('role-to-assume');
    expect(text).not.toMatch(/secrets\.|access-key/i);
  });
});

it('npm run check and .ci/run look for unused code', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

  expect(scripts.check).toContain('npm run unused');
  expect(read('.ci/run')).toMatch(/^step npm run --silent unused$/m);
});

describe('the versions that stay', () => {
  interface Updates {
    readonly updates: readonly {
      readonly 'package-ecosystem': string;
      readonly ignore?: readonly { readonly 'dependency-name': string }[];
    }[];
  }
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
  const rows = tableRows(readPage('CONTRIBUTING.md').text, 'package').map(([name = '', version]) => [
    names(name)[0] ?? '',
    version,
  ]);

  it('are explained with the versions of package.json', () => {
    expect(rows.length).toBeGreaterThan(3);
    expect(rows).toEqual(rows.map(([name = '']) => [name, devDependencies[name]]));
  });

  it('are the ones that Dependabot leaves alone', () => {
    const { updates } = parse(read('.github/dependabot.yml')) as Updates;
    const npm = updates.find((update) => update['package-ecosystem'] === 'npm');

    const ignored = npm?.ignore?.map((rule) => rule['dependency-name']) ?? [];
    expect(ignored.toSorted()).toEqual(rows.map(([name]) => name).toSorted());
  });
});

it('the changelog has the version of package.json', () => {
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };

  expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## \\[${version}\\] - \\d{4}-\\d\\d-\\d\\d$`, 'm'));
});
