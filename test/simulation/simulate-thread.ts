import { parentPort, workerData } from 'node:worker_threads';
import { replaceModules } from './engine/replace-modules.ts';
import { applyPlant } from './plants/apply-plant.ts';
import { PLANTS, type Plant } from './plants/plants.ts';
import type { ThreadMessage, ThreadTask } from './simulation.ts';

// A thread of its own, because a simulation replaces the timers of its thread.
const task = workerData as ThreadTask;
const say = (message: ThreadMessage) => parentPort?.postMessage(message);
const plant: Plant | undefined = task.plant && PLANTS[task.plant];
const hasWrongRows = plant?.hasWrongRows ?? false;
replaceModules();
if (plant) applyPlant(plant);

// Loaded late: what is above changes how modules are read.
if (task.kind === 'range') {
  const { runSeeds } = await import('./run-seeds.ts');
  await runSeeds(task, hasWrongRows, say);
} else {
  const { reportFailure, traceSeed } = await import('./report-failure.ts');
  const print = (line: string) => say({ kind: 'line', line });
  if (task.kind === 'trace') await traceSeed(task.seed, print);
  else print((await reportFailure(task.seed)) ?? `Seed ${task.seed} breaks no rule.`);
}
