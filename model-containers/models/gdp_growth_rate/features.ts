import { InvalidInput } from '#runtime/define-model.ts';

/** The inputs of the model, by field of the request message. The README has their units. */
export const FEATURES = ['gdp_per_capita', 'unemployment_rate', 'gdp_growth_rate_lag', 'gdp_growth_rate_ma'] as const;

export type Feature = (typeof FEATURES)[number];
export type Features = Readonly<Record<Feature, number>>;

/** One row of the data: the features of an economy and its growth in the following year, in percent. */
export interface Observation {
  readonly features: Features;
  readonly growth: number;
}

/** Throws `InvalidInput` for features that are not numbers or out of range. */
export function assertPlausible(features: Features): void {
  for (const feature of FEATURES)
    if (!Number.isFinite(features[feature])) throw new InvalidInput(`${feature} must be a finite number.`);
  if (features.gdp_per_capita < 0) throw new InvalidInput('gdp_per_capita must not be negative.');
  if (features.unemployment_rate < 0 || features.unemployment_rate > 100)
    throw new InvalidInput('unemployment_rate must be from 0 to 100 percent.');
}
