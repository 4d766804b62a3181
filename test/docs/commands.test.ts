import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../architecture/cruise.ts';
import { services } from '../containers/compose-file.ts';
import { blocks, pages, readPage } from './pages.ts';

const { scripts, bin, engines, devDependencies } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly devDependencies: { readonly node: string };
};
const [, FLOOR = ''] = /^>=(\d+)$/.exec(engines.node) ?? [];
const PAGES = pages();

/** Every command of every page: the lines of shell blocks, split where one command follows another. */
const COMMANDS = PAGES.flatMap(({ path, text }) =>
  blocks(text, 'bash')
    .flatMap((block) => block.replaceAll('\\\n', ' ').trimEnd().split('\n'))
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split('&&'))
    .map((command) => ({ path, command: command.trim() }))
    .filter(({ command }) => command !== ''),
);

describe('a documented command', () => {
  it.each(COMMANDS)('of $path starts a program that needs no particular Node: $command', ({ command }) => {
    expect(command.split(' ')[0]).toMatch(/^(?:aws|npm|npx|docker|curl|cp|python3|\.venv\/bin\/\w+|\.ci\/run)$/);
  });

  it('of compose names services, profiles and files that are there', () => {
    const asked = PAGES.flatMap(({ path, text }) =>
      [...text.matchAll(/docker compose ([^`#\n<]+)/g)].map(([, rest = '']) => ({
        path,
        words: rest.trim().split(/\s+/),
      })),
    );
    const profiles = new Set(Object.values(services).flatMap((each) => each.profiles ?? []));
    const valuesOf = (words: readonly string[], option: string) =>
      words.flatMap((word, at) => (word === option ? (words[at + 1] ?? []) : []));

    const named = asked.flatMap(({ words }) => valuesOf(words, '--profile'));
    const files = asked.flatMap(({ words }) => valuesOf(words, '-f'));
    const copied = asked.flatMap(({ words }) => words.flatMap((word) => /^([\w-]+):\//.exec(word)?.[1] ?? []));
    const run = asked.flatMap(({ words }) => {
      const [verb, ...rest] = words.slice(words.findIndex((word) => /^(?:exec|stop|start|up)$/.test(word)));
      const others = rest.filter((word) => /^[\w-]+$/.test(word) && !word.startsWith('-'));
      return verb === 'exec' ? others.slice(0, 1) : verb && words.includes(verb) ? others : [];
    });

    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !profiles.has(name))).toEqual([]);
    expect(files.filter((file) => !existsSync(`${ROOT}/${file}`))).toEqual([]);
    expect(copied.length).toBeGreaterThan(5);
    expect(run.length).toBeGreaterThan(5);
    expect([...copied, ...run].filter((name) => !(name in services))).toEqual([]);
  });

  it('that is an npm script exists', () => {
    const named = PAGES.flatMap(({ path, text }) =>
      [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => ({ path, name })),
    );

    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !(name in scripts))).toEqual([]);
  });

  it('that npx starts is installed by npm ci, or belongs to this package', () => {
    const programs = PAGES.flatMap(({ text }) => [...text.matchAll(/npx ([\w-]+)/g)].map(([, name = '']) => name));

    expect(programs.length).toBeGreaterThan(3);
    const isThere = (name: string) => name in bin || existsSync(`${ROOT}/node_modules/.bin/${name}`);
    expect(programs.filter((name) => !isThere(name))).toEqual([]);
  });
});

it.each(Object.keys(scripts))('the script %s is in a table of the testing page, or starts the system', (name) => {
  // Parts of `npm run check`, which has a row.
  if (['start', 'lint', 'types'].includes(name)) return;
  const rows = readPage('docs/7-testing.md').text.match(/^\| `.*$/gm) ?? [];

  expect(rows.some((row) => new RegExp(`npm (?:run )?${name}(?![\\w:-])`).test(row))).toBe(true);
});

describe('the Node that the README asks for', () => {
  it('is the one of package.json, of CONTRIBUTING.md and of a run of the CI workflow', () => {
    const ci = parse(readFileSync(`${ROOT}/.github/workflows/ci.yml`, 'utf8')) as {
      readonly jobs: { readonly run: { readonly strategy: { readonly matrix: { readonly node: readonly string[] } } } };
    };

    expect(FLOOR).toMatch(/^\d+$/);
    expect(ci.jobs.run.strategy.matrix.node[0]).toBe(FLOOR);
    for (const path of ['README.md', 'CONTRIBUTING.md']) {
      expect(readPage(path).text, path).toContain(`npm with Node ${FLOOR} or later`);
    }
  });

  it('need not run TypeScript: scripts run on the Node that npm ci installs', () => {
    const ran = npm('exec', '--', 'node', '--version');

    expect(ran.stdout.trim()).toBe(`v${devDependencies.node}`);
  });

  it('starts an instance by npm run instance', () => {
    const { status, stdout, stderr } = npm('run', '--silent', 'instance');

    expect(status).toBe(1);
    expect(`${stdout}${stderr}`).toContain('The environment variable MODELYARD_MODEL is not set.');
  });
});

/** Runs npm as a person does: by the Node of this machine, without what npm itself has put before it. */
function npm(...args: string[]) {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return spawnSync('npm', args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: own.join(delimiter), HOME: process.env.HOME },
  });
}
