import { checkNames, fitLinear } from '../training/trainers/fit-linear.ts';
import type { Trainer } from '../training/trainers/trainer.ts';

/** Ordinary least squares. */
const linear: Trainer = {
  async train(examples, { params }) {
    checkNames(params, []);
    return fitLinear(examples, 0);
  },
};

export default linear;
