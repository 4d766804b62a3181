/** Fits both variants and prints their R²: npx node model-containers/models/gdp_growth_rate/train.ts */
import { readFile, writeFile } from 'node:fs/promises';
import { WEIGHTS_FILES } from './regressor.ts';
import { trainAll } from './training/train-all.ts';

const csv = await readFile(new URL('./data/growth.csv', import.meta.url), 'utf8');
const { weights, report } = trainAll(csv);

await writeFile(WEIGHTS_FILES.LinearRegression, `${JSON.stringify(weights.LinearRegression, null, 2)}\n`);
await writeFile(WEIGHTS_FILES.RandomForest, `${JSON.stringify(weights.RandomForest)}\n`);
process.stdout.write(report);
