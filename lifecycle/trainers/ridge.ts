import { ModelyardError } from '#core';
import { checkNames, fitLinear } from '../training/trainers/fit-linear.ts';
import type { Trainer } from '../training/trainers/trainer.ts';

const DEFAULT_ALPHA = 1;

/** Least squares with a penalty `alpha` on the weights of the standardized features. The intercept has no penalty. */
const ridge: Trainer = {
  async train(examples, { params }) {
    checkNames(params, ['alpha']);
    const { alpha = DEFAULT_ALPHA } = params;
    if (typeof alpha === 'number' && alpha >= 0) return fitLinear(examples, alpha);
    throw new ModelyardError('invalid_input', 'The parameter alpha must be a number that is not negative.');
  },
};

export default ridge;
