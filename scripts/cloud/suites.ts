import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Tests of users of their own. */
const USERS = ['guarded', 'logs', 'console', 'restore'];
/** Tests of another stage. */
const THRIFTY = ['thrifty', 'waking'];
/** Tests that add models to the stage. */
const LIFECYCLE = ['lifecycle'];
/** Tests that run on every platform, here with the API key of an administrator. */
const EVERYWHERE = ['predictions', 'openapi', 'docs', 'gateway-routes'];

/** Instances are processes of the script, so that no test launches or stops them. */
const NOT_HERE = ['launch a variant', 'loses a model with its last instance'];
/** What a browser makes of the page at /docs is the same everywhere. `npm run test:long` shows it. */
const ANYWHERE = ['is folded at first', 'sends what was typed', 'has no violation', 'works below the path of a stage'];

/** Leaves these tests out. */
export const ONLY_HERE = ['--testNamePattern', `^(?!.*(${[...NOT_HERE, ...ANYWHERE].join('|')}))`] as const;

/** Arguments of Vitest. */
type Suite = readonly string[];

/**
 * The test files of a deployed system. Suites share nothing, so that they can run at once, but for `lifecycle`: the suite
 * of the administrator expects the models of the stage alone, and has every file of `test/cloud` that no other suite has.
 */
export function cloudSuites(
  root: string,
): Readonly<Record<'administrator' | 'users' | 'thrifty' | 'lifecycle', Suite>> {
  const elsewhere = new Set([...USERS, ...THRIFTY, ...LIFECYCLE]);
  const others = readdirSync(join(root, 'test/cloud'))
    .flatMap((file) => (file.endsWith('.cloud.ts') ? [file.slice(0, -'.cloud.ts'.length)] : []))
    .filter((name) => !elsewhere.has(name));
  const everywhere = EVERYWHERE.map((name) => `test/e2e/${name}.test.ts`);
  return {
    administrator: [...everywhere, ...others.map(inCloud), ...ONLY_HERE],
    users: USERS.map(inCloud),
    thrifty: THRIFTY.map(inCloud),
    lifecycle: LIFECYCLE.map(inCloud),
  };
}

const inCloud = (name: string): string => `test/cloud/${name}.cloud.ts`;
