import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Pipeline } from '#core';
import type { ExampleClient } from './client.ts';
import { runPipeline, say } from './runs.ts';

const NAME = 'world';
const IMAGE = 'docker.io/library/busybox:1.37';
/** The image is 2 MB. */
const PULL_MS = 20_000;
/** The mean of the first feature in each year. */
const AWK = `NR > 1 { sum[$2] += $3; n[$2] += 1 }
END { print "year_end,mean_rate"; for (year in sum) print year "," sum[year] / n[year] }`;

/** A container of a foreign image makes a table of a file, and the next stage makes a dataset of the table. */
const worldPipeline = (file: string): Pipeline => ({
  name: NAME,
  stages: [
    {
      ...{ name: 'average', uses: 'pipelines.container', image: IMAGE },
      command: ['sh', '-c', `awk -F, '${AWK}' inputs/fertility.csv > outputs/world.csv`],
      inputs: { 'fertility.csv': file },
    },
    {
      ...{ name: 'ingest', uses: 'ingestion.ingest', after: ['average'] },
      params: { dataset: 'fertility_world', file: '{{average.files.world.csv}}' },
    },
  ],
});

/** Whether containers of the image run here, by the program that the worker uses. May download the image. */
export async function findContainers(): Promise<boolean> {
  const [program = '', ...first] = (process.env.MODELYARD_CONTAINER_COMMAND ?? 'docker').split(' ');
  return promisify(execFile)(program, [...first, 'run', '--rm', IMAGE, 'true'], { timeout: PULL_MS }).then(
    () => true,
    () => false,
  );
}

/** Runs the pipeline, or says that it was left out. */
export async function averageWorld(api: ExampleClient, file: string, hasContainers: boolean): Promise<void> {
  if (!hasContainers) {
    say(`Left out the stage in a container: Docker does not run ${IMAGE} here.`);
    return;
  }
  const pipeline = worldPipeline(file);
  say(`Pipeline ${NAME}: a stage in a container of ${IMAGE}.`);
  const stages = await runPipeline(api, pipeline);
  const { version } = (stages.at(-1)?.output ?? {}) as { readonly version?: { readonly rows: number } };
  say(`  ${NAME}: the mean rates of ${version?.rows} years are the dataset fertility_world.`);
}
