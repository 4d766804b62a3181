/** Writes `data/growth.csv`: npx node model-containers/models/gdp_growth_rate/training/write-data.ts */
import { writeFile } from 'node:fs/promises';
import { formatCsv } from './dataset.ts';
import { simulate } from './simulate.ts';

await writeFile(new URL('../data/growth.csv', import.meta.url), formatCsv(simulate()));
