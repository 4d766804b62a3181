import { FEATURES, type Features } from './features.ts';

/** The fitted coefficients, in the units of the data. */
export interface LinearRegressionWeights {
  readonly intercept: number;
  readonly coefficients: Features;
}

/** Growth in percent. */
export const predictLinear = ({ intercept, coefficients }: LinearRegressionWeights, features: Features): number =>
  FEATURES.reduce((sum, feature) => sum + coefficients[feature] * features[feature], intercept);
