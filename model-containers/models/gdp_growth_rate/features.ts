import { InvalidInput } from '#runtime/define-model.ts';

/** What growth is predicted from, under the names of the request message. Units are in the README. */
export const FEATURES = ['gdp_per_capita', 'unemployment_rate', 'gdp_growth_rate_lag', 'gdp_growth_rate_ma'] as const;

export type Feature = (typeof FEATURES)[number];
export type Features = Readonly<Record<Feature, number>>;

/** One row of the data: the features of an economy, and how much it grew in the year after, in percent. */
export interface Observation {
  readonly features: Features;
  readonly growth: number;
}

/** Throws `InvalidInput` for what no economy can have: not a number, or a rate or an income out of its range. */
export function assertPlausible(features: Features): void {
  for (const feature of FEATURES)
    if (!Number.isFinite(features[feature])) throw new InvalidInput(`${feature} must be a finite number.`);
  if (features.gdp_per_capita < 0) throw new InvalidInput('gdp_per_capita must not be negative.');
  if (features.unemployment_rate < 0 || features.unemployment_rate > 100)
    throw new InvalidInput('unemployment_rate must be from 0 to 100 percent.');
}
