import pg from 'pg';
import { withRetries } from './conflicts.ts';
import { dsqlToken } from './dsql-token.ts';

/** Runs one statement. */
export type RunStatement = (statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

export interface ServiceRole {
  /** Of the role and of its schema. */
  readonly name: string;
  /** ARNs of the IAM roles that may connect as it. */
  readonly principals: readonly string[];
}

const CONNECT_MS = 15_000;
const QUERY_MS = 30_000;
const NAME = /^[a-z]{1,63}$/;
const PRINCIPAL = /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/**
 * Makes a role that may use a schema of its own and nothing else of the database. `run` is the role `admin`. What is
 * there already stays.
 */
export async function makeServiceRole(run: RunStatement, { name, principals }: ServiceRole): Promise<void> {
  // They are parts of statements that know no parameters.
  const wrong = [...(NAME.test(name) ? [] : [name]), ...principals.filter((principal) => !PRINCIPAL.test(principal))];
  if (wrong.length > 0) throw new Error(`This is no name of a role: ${wrong.join(', ')}.`);
  const again: RunStatement = (statement) => withRetries(() => run(statement));
  const roles = await again(`SELECT 1 FROM pg_roles WHERE rolname = '${name}'`);
  if (roles.length === 0) await again(`CREATE ROLE ${name} WITH LOGIN`);
  await again(`CREATE SCHEMA IF NOT EXISTS ${name}`);
  await again(`GRANT USAGE, CREATE ON SCHEMA ${name} TO ${name}`);
  const mappings = await again(`SELECT arn FROM sys.iam_pg_role_mappings WHERE pg_role_name = '${name}'`);
  const known = new Set(mappings.map(({ arn }) => arn));
  for (const principal of principals.filter((each) => !known.has(each))) {
    await again(`AWS IAM GRANT ${name} TO '${principal}'`);
  }
}

/** Calls `use` with the role `admin` of a cluster of Aurora DSQL. */
export async function asAdmin(hostname: string, use: (run: RunStatement) => Promise<void>): Promise<void> {
  const client = new pg.Client({
    connectionString: `postgres://admin@${hostname}:5432/postgres?sslmode=verify-full`,
    password: dsqlToken(hostname, 'admin'),
    ...{ connectionTimeoutMillis: CONNECT_MS, query_timeout: QUERY_MS, application_name: 'modelyard' },
  });
  await client.connect();
  try {
    await use(async (statement) => (await client.query(statement)).rows);
  } finally {
    await client.end();
  }
}
