import { createLambdaClient, DeadLetterSources } from '#adapters/aws/dead-letter-sources.ts';
import { ModelyardError } from '#core';
import type { AwsSettings } from './aws.ts';
import { ENV, readOptional } from './environment.ts';

/**
 * The sources of dead letters that the environment names. Undefined where it names none. Throws an error that names the
 * variable for a malformed value.
 */
export function deadLetterSourcesFrom(env: NodeJS.ProcessEnv, settings: AwsSettings): DeadLetterSources | undefined {
  const text = readOptional(env, ENV.deadLetterSources);
  if (text === undefined) return undefined;
  const pairs = text
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split('='));
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) {
    throw new ModelyardError(
      'internal',
      `The environment variable ${ENV.deadLetterSources} must list model=id, separated by spaces, not "${text}".`,
    );
  }
  return new DeadLetterSources({
    client: createLambdaClient(settings),
    sources: new Map(pairs as [string, string][]),
  });
}
