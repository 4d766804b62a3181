import { matchesGlob, relative } from 'node:path';
import { cwd } from 'node:process';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { AREAS, type Area, type AreaName } from './areas.ts';
import { reportOf, type Score, scoreOf } from './report.ts';

const USAGE = `npm run mutate -- [options]

  --area A   ${Object.keys(AREAS).join(', ')} (default: all of them)
  --file F   mutate this file only; with an area, also a pattern
  --force    ignore the results of earlier runs
  --static   also mutate module-level constants; each mutant runs all tests of its area
  --list     print surviving mutants`;

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

/** Runs StrykerJS on one area. */
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
    tempDirName: `${FOLDER}/${name}`,
    reporters: [process.stdout.isTTY ? 'progress' : 'progress-append-only', 'html'],
    htmlReporter: { fileName: `${FOLDER}/${name}.html` },
  });
  // Incremental runs also return the results of other files.
  const mutants = (await stryker.runMutationTest()).filter(({ fileName }) => isChosen(relative(cwd(), fileName)));
  const { lines, score } = reportOf(mutants, values.list);
  print(`\n${name}\n${lines.join('\n')}`);
  return score;
}

function isChosen(path: string): boolean {
  return values.file === undefined || matchesGlob(path, values.file);
}

function areasToMutate(): AreaName[] {
  const { area, file } = values;
  const names = Object.keys(AREAS) as AreaName[];
  const chosen = names.filter(
    (name) =>
      (area === undefined || name === area) &&
      // A pattern cannot be compared with those of the areas.
      (file === undefined || area !== undefined || AREAS[name].mutate.some((pattern) => matchesGlob(file, pattern))),
  );
  if (chosen.length > 0) return chosen;
  print(USAGE);
  process.exit(2);
}
