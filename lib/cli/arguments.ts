import { InvalidArgumentError } from 'commander';

/** The command was called wrongly: exit code 2. */
export class Misuse extends Error {}

/** A person has stopped the command: exit code 130. */
export class Stopped extends Error {}

/** Aborts at the first Ctrl-C. The second one ends the process. */
export function stopOnInterrupt(): AbortSignal {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  return stop.signal;
}

/** Parses JSON that was typed. Throws `Misuse` with one sentence. */
export function typedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Misuse(`The request is not JSON: ${reasonOf(error)}`);
  }
}

/** Parses JSON of a file or of the standard input. Throws an error with one sentence. */
export function readJson(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${from} is not JSON: ${reasonOf(error)}`);
  }
}

const reasonOf = (error: unknown): string => `${error instanceof Error ? error.message : error}.`.replace(/\.\.$/, '.');

/** The parser of an option that takes a whole number. */
export const wholeNumber = (min: number, max: number) => (text: string) => {
  if (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
};

/** The parser of an option that takes a number above 0. */
export function positiveNumber(text: string): number {
  if (text.trim() !== '' && Number(text) > 0 && Number(text) < Number.POSITIVE_INFINITY) return Number(text);
  throw new InvalidArgumentError('It must be a number above 0.');
}
