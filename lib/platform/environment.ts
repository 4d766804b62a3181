import { ModelyardError } from '#core';
import * as ENV from './environment-names.ts';

export * as ENV from './environment-names.ts';

export type EnvironmentName = (typeof ENV)[keyof typeof ENV];

/** The variable's value; undefined when it is unset or empty. */
export const readOptional = (env: NodeJS.ProcessEnv, name: EnvironmentName): string | undefined =>
  env[name] === '' ? undefined : env[name];

/** Throws a sentence naming the variable when it is unset or empty. */
export function readRequired(env: NodeJS.ProcessEnv, name: EnvironmentName): string {
  const value = readOptional(env, name);
  if (value === undefined) throw new ModelyardError('internal', `The environment variable ${name} is not set.`);
  return value;
}

export interface IntegerBounds {
  readonly min: number;
  readonly max: number;
  /** The value when the variable is unset; without it an unset variable is an error. */
  readonly default?: number;
}

/** A whole number between `min` and `max`; throws a sentence naming the variable for anything else. */
export function readInteger(env: NodeJS.ProcessEnv, name: EnvironmentName, bounds: IntegerBounds): number {
  const text = readOptional(env, name);
  if (text === undefined && bounds.default !== undefined) return bounds.default;
  const value = /^\d{1,15}$/.test(text ?? readRequired(env, name)) ? Number(text) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  throw new ModelyardError(
    'internal',
    `The environment variable ${name} must be a whole number from ${bounds.min} to ${bounds.max}, not "${text}".`,
  );
}

/** One of the words in `choices`, the first of them when the variable is unset; throws a sentence naming it for another. */
export function readChoice<Choice extends string>(
  env: NodeJS.ProcessEnv,
  name: EnvironmentName,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const text = readOptional(env, name);
  if (text === undefined) return choices[0];
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw new ModelyardError(
    'internal',
    `The environment variable ${name} must be one of ${choices.join(', ')}, not "${text}".`,
  );
}

/** Origins whose pages may read answers; undefined when the variable is unset. */
export const corsOriginsFrom = (env: NodeJS.ProcessEnv): readonly string[] | undefined =>
  readOptional(env, ENV.corsOrigins)?.split(' ');
