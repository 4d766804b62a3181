import { ModelyardError } from '../errors.ts';

/** More tasks than can ever be accepted together. A repeat cannot succeed. */
export const tooManyAtOnce = (tasks: number, limit: string): ModelyardError =>
  new ModelyardError('invalid_input', `The batch has ${tasks} valid items. ${limit}.`);
