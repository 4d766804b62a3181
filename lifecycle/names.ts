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

/** The number of a version as a database can look for it. 0, which no version has, for anything else. */
export function versionNumber(value: unknown): number {
  const number = Number(value);
  return Number.isInteger(number) && number < 2 ** 31 ? number : 0;
}
