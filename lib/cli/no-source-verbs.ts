import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AddVerb, CliIo } from './program.ts';

/** Where the sources are put, in the folder in which the command is called. */
const FOLDER = 'modelyard';
/** In the folder: which archive it was made of. */
const MARK = '.unpacked';
const ARCHIVE = fileURLToPath(new URL('../sources.tgz', import.meta.url));

/** A verb that runs in a copy of the sources, which its first call makes. */
const inSources =
  (name: string): AddVerb =>
  (program, io) => {
    program
      .command(name)
      .argument('[options...]', `the first call puts Modelyard into ./${FOLDER}, with its packages`)
      .allowUnknownOption()
      .action(async () => {
        const folder = resolve(FOLDER);
        if (!existsSync(join(folder, 'package.json'))) unpack(folder, io);
        else if (markOf(folder) !== digest()) io.errors.write(OTHER_VERSION);
        // npm writes this file last.
        if (!existsSync(join(folder, 'node_modules', '.package-lock.json'))) install(folder, io);
        io.exit(await runIn(folder, io));
      });
  };

/** Nothing is replaced: the folder has the models of its owner. */
const OTHER_VERSION =
  `./${FOLDER} is of another version of this package, and is used as it is. ` +
  'To upgrade, rename it, run this again, and copy your models into the new one.\n';

const digest = (): string => createHash('sha256').update(readFileSync(ARCHIVE)).digest('hex');

function markOf(folder: string): string | undefined {
  const mark = join(folder, MARK);
  return existsSync(mark) ? readFileSync(mark, 'utf8') : undefined;
}

function unpack(folder: string, io: CliIo): void {
  if (existsSync(folder)) throw new Error(`./${FOLDER} is needed for Modelyard, and something else is there.`);
  io.errors.write(`Unpacking Modelyard into ./${FOLDER}.\n`);
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part);
  const { status } = spawnSync('tar', ['-xzf', ARCHIVE, '-C', part], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('The sources could not be unpacked by the program `tar`.');
  writeFileSync(join(part, MARK), digest());
  renameSync(part, folder);
}

function install(folder: string, io: CliIo): void {
  io.errors.write('Installing its packages, which takes a minute or two.\n');
  // Standard output is the verb's.
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  throw new Error(`The packages could not be installed. Run \`npm ci\` in ./${FOLDER}, and then this again.`);
}

/** Runs this very command there. Resolves with its exit code. */
async function runIn(folder: string, { environment }: CliIo): Promise<number> {
  const programs = join(folder, 'node_modules', '.bin');
  const child = spawn(join(programs, 'node'), [join(folder, 'bin', 'modelyard.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...environment, PATH: `${programs}${delimiter}${environment.PATH}` },
  });
  // The child decides when it ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'close')) as [number, null] | [null, NodeJS.Signals];
  // As a shell counts them: 130 after Ctrl-C.
  return signal === null ? code : 128 + constants.signals[signal];
}

/** In place of `source-verbs.ts` in the published package. */
export const loadSourceVerb: Readonly<Record<'start' | 'init' | 'cost', () => Promise<AddVerb>>> = {
  start: async () => inSources('start'),
  init: async () => inSources('init'),
  cost: async () => inSources('cost'),
};
