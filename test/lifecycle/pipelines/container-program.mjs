#!/usr/bin/env node
// Stands for `docker run` on machines without Docker: runs the command of a container on this machine, in its folder.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const [verb, ...rest] = process.argv.slice(2);
if (verb !== 'run') process.exit(0);
const folder = rest[rest.indexOf('--volume') + 1].split(':')[0];
const image = rest.findIndex((word) => word.startsWith('test/'));
if (image === -1) {
  process.stderr.write("Unable to find image.\n\nRun 'docker run --help' for more information\n");
  process.exit(125);
}
const [program, ...args] = rest.slice(image + 1);
if (program === 'sleep') await sleep(Number(args[0]) * 1000);
const { status } = spawnSync(program, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
process.exit(status ?? 1);
