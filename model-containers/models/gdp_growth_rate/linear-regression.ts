import { FEATURES, type Features } from './features.ts';

/** The fitted line, in the units of the data: one coefficient tells what one unit more of its feature adds. */
export interface LinearRegressionWeights {
  readonly intercept: number;
  readonly coefficients: Features;
}

/** Growth in percent, as the line says it. */
export const predictLinear = ({ intercept, coefficients }: LinearRegressionWeights, features: Features): number =>
  FEATURES.reduce((sum, feature) => sum + coefficients[feature] * features[feature], intercept);
