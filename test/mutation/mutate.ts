import { matchesGlob, relative } from 'node:path';
import { cwd } from 'node:process';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { AREAS, type Area, type AreaName } from './areas.ts';
import { reportOf, type Score, scoreOf } from './report.ts';

const USAGE = `npm run mutate -- [options]

  --area A   core, worker or memory (default: all of them)
  --file F   a file or a pattern, instead of the whole area; its area is found
  --force    forget earlier runs; else only what has changed since is tested again
  --static   also change constants of modules, each of which repeats all tests of its area
  --list     print the changes that no test notices`;

/** In percent. */
const GOAL = 90;
const FOLDER = '.stryker';

const { values } = parseArgs({
  options: {
    area: { type: 'string' },
    file: { type: 'string' },
    force: { type: 'boolean', default: false },
    static: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

if (values.help) print(USAGE);
else await mutateAll(areasToMutate());

async function mutateAll(names: readonly AreaName[]): Promise<void> {
  const scores: Score[] = [];
  for (const name of names) scores.push(await mutate(name));
  if (scores.length > 1) print(`\nin total ${scoreOf(scores).toFixed(1)} %`);
  if (scores.some((score) => scoreOf([score]) < GOAL)) process.exitCode = 1;
}

/** Changes the files of an area, one place at a time, and runs the tests that reach the place. */
async function mutate(name: AreaName): Promise<Score> {
  process.env.MUTATION_AREA = name;
  const area: Area = AREAS[name];
  const stryker = new Stryker({
    configFile: `${import.meta.dirname}/stryker.json`,
    mutate: values.file === undefined ? [...area.mutate] : [values.file],
    concurrency: area.concurrency ?? 2,
    force: values.force,
    ignoreStatic: !values.static,
    incrementalFile: `${FOLDER}/${name}.json`,
    reporters: [process.stdout.isTTY ? 'progress' : 'progress-append-only', 'html'],
    htmlReporter: { fileName: `${FOLDER}/${name}.html` },
  });
  // Those of earlier runs are among them.
  const mutants = (await stryker.runMutationTest()).filter(({ fileName }) => isChosen(relative(cwd(), fileName)));
  const { lines, score } = reportOf(mutants, values.list);
  print(`\n${name}\n${lines.join('\n')}`);
  return score;
}

const isChosen = (path: string): boolean => values.file === undefined || matchesGlob(path, values.file);

function areasToMutate(): AreaName[] {
  const { area, file } = values;
  const names = Object.keys(AREAS) as AreaName[];
  const chosen = names.filter(
    (name) =>
      (area === undefined || name === area) &&
      (file === undefined || AREAS[name].mutate.some((pattern) => matchesGlob(file, pattern))),
  );
  if (chosen.length > 0) return chosen;
  print(USAGE);
  process.exit(2);
}
