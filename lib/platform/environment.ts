import { CALL_RETENTION_DAYS, ModelyardError } from '#core';
import * as ENV from './environment-names.ts';

export * as ENV from './environment-names.ts';

export type EnvironmentName = (typeof ENV)[keyof typeof ENV];

const MAX_CALL_DAYS = 3650;

/** How long calls are kept, in days. 0: they are not recorded. */
export const callDaysFrom = (env: NodeJS.ProcessEnv): number =>
  readInteger(env, ENV.callDays, { min: 0, max: MAX_CALL_DAYS, default: CALL_RETENTION_DAYS });

/** Undefined when the variable is unset or empty. */
export const readOptional = (env: NodeJS.ProcessEnv, name: EnvironmentName): string | undefined =>
  env[name] === '' ? undefined : env[name];

/** Throws an error that names the variable when it is unset or empty. */
export function readRequired(env: NodeJS.ProcessEnv, name: EnvironmentName): string {
  const value = readOptional(env, name);
  if (value === undefined) throw new ModelyardError('internal', `The environment variable ${name} is not set.`);
  return value;
}

export interface IntegerBounds {
  readonly min: number;
  readonly max: number;
  /** The value of an unset variable. Without it, an unset variable is an error. */
  readonly default?: number;
}

/** A whole number from `min` to `max`. Throws an error that names the variable for any other value. */
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

/**
 * One of `choices`; the first one when the variable is unset. Throws an error that names the variable for any other
 * value.
 */
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

/** Space-separated words. Empty when the variable is unset. */
export const listedIn = (env: NodeJS.ProcessEnv, name: EnvironmentName): ReadonlySet<string> =>
  new Set(readOptional(env, name)?.split(' '));

/** Space-separated origins. Undefined when the variable is unset. */
export const corsOriginsFrom = (env: NodeJS.ProcessEnv): readonly string[] | undefined =>
  readOptional(env, ENV.corsOrigins)?.split(' ');
