import { DURABILITIES, type Durability } from '#adapters/sqlite/index.ts';
import { ENV, readChoice, readInteger, readRequired } from './environment.ts';

/** Settings of the platform on SQLite. */
export interface SqliteSettings {
  /** Contains the database and large payloads. Created if it does not exist. */
  readonly folder: string;
  /** @default 'process' */
  readonly durability?: Durability;
  /** How long an empty receive waits. @default 20 */
  readonly pollSeconds?: number;
  /** How long other programs may keep the database locked before a call rejects. @default 10,000 ms */
  readonly patienceMs?: number;
  /** Whether to look for damage in the file first. One process of a system is enough. @default false */
  readonly isChecked?: boolean;
}

/** Throws a sentence naming the variable that is missing or wrong. */
export const sqliteSettingsFrom = (env: NodeJS.ProcessEnv): SqliteSettings => ({
  folder: readRequired(env, ENV.dataFolder),
  durability: readChoice(env, ENV.durability, DURABILITIES),
  pollSeconds: readInteger(env, ENV.pollSeconds, { min: 0, max: 20, default: 20 }),
});

/** The environment that makes another process read these settings. */
export const sqliteEnvironment = ({ folder, durability, pollSeconds }: SqliteSettings): Record<string, string> => ({
  [ENV.platform]: 'sqlite',
  [ENV.dataFolder]: folder,
  ...(durability === undefined ? {} : { [ENV.durability]: durability }),
  ...(pollSeconds === undefined ? {} : { [ENV.pollSeconds]: String(pollSeconds) }),
});
