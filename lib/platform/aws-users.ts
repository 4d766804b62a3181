import { createSecretKeys, createSecretsClient, DynamoUsageStore, DynamoUserStore } from '#adapters/aws/index.ts';
import type { Clock, KeyRing, UsageStore, UserStore } from '#core';
import { type AuthSettings, oidcFrom } from './auth-settings.ts';
import { type AwsSettings, awsSettingsFrom, openDynamoDb } from './aws.ts';
import { readChoice, readRequired } from './environment.ts';
import * as ENV from './environment-names.ts';

/** Dependencies of a Lambda that verifies callers. */
export type AwsUsers = UsersOfStage & (OwnTokens | IssuedTokens);

interface UsersOfStage {
  readonly users: UserStore;
  /** Usage counters of users, names and addresses. */
  readonly usage: UsageStore;
  readonly clock: Clock;
  /** Whether anybody may register. */
  readonly registration: AuthSettings['registration'];
}

interface OwnTokens {
  /** The keys that sign tokens. */
  readonly loadKeys: () => Promise<KeyRing>;
  readonly oidc?: never;
}

interface IssuedTokens {
  readonly loadKeys?: never;
  readonly oidc: NonNullable<AuthSettings['oidc']>;
}

/** Undefined with `AUTH=none`. Throws an error that names the missing or malformed variable. */
export function awsUsersFrom(
  env: NodeJS.ProcessEnv,
  settings: AwsSettings = awsSettingsFrom(env),
): AwsUsers | undefined {
  const auth = readChoice(env, ENV.auth, ['jwt', 'oidc', 'none']);
  if (auth === 'none') return undefined;
  const { dynamodb, clock } = openDynamoDb(settings);
  return {
    users: new DynamoUserStore({ client: dynamodb, table: settings.usersTable }),
    usage: new DynamoUsageStore({ client: dynamodb, table: settings.callsTable, clock }),
    clock,
    registration: readChoice(env, ENV.registration, ['closed', 'open']),
    ...(auth === 'oidc' ? { oidc: oidcFrom(env) } : { loadKeys: keysFrom(env, settings) }),
  };
}

function keysFrom(env: NodeJS.ProcessEnv, settings: AwsSettings): () => Promise<KeyRing> {
  const secret = readRequired(env, ENV.keysSecret);
  return createSecretKeys({ client: createSecretsClient(settings), secret }).load;
}
