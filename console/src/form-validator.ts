import { type Schema, Validator } from '@cfworker/json-schema';
import type { RJSFSchema, ValidatorType } from '@rjsf/utils';

/**
 * Tells the form which alternative its data is. It interprets schemas, because the content security policy forbids the
 * code that compiling validators generate. The API validates the request itself.
 */
export const validator: ValidatorType<unknown, RJSFSchema> = {
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  rawValidation: () => ({ errors: [] }),
  isValid: (schema, data, root) =>
    new Validator({ ...schema, $defs: root.$defs } as Schema, '2020-12').validate(data ?? null).valid,
};
