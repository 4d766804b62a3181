import { ModelyardError } from '#core';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** A name of a dataset, a recipe, a view and the like. Throws `invalid_request`. */
export function nameIn(path: string, what: string): string {
  if (NAME.test(path)) return path;
  throw new ModelyardError(
    'invalid_request',
    `The name of a ${what} has lower-case letters, digits and _, starts with a letter, and has at most 63 characters.`,
  );
}
