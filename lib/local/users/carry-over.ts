import type { UserStore } from '#core';
import { readEarlierUsers } from '#platform/rabbit-redis.ts';

interface Source {
  /** For example `redis://user:password@host:6379/0`. */
  readonly url: string;
  readonly prefix?: string;
}

/** Adds the users that an earlier build kept in Redis, with their ids, passwords and keys. May be run again. */
export async function carryOver(users: UserStore, source: Source): Promise<string> {
  const left: string[] = [];
  let [added, known] = [0, 0];
  for await (const user of readEarlierUsers(source)) {
    if (await users.restore(user)) added += 1;
    else if (await users.get(user.id)) known += 1;
    else left.push(`${user.name} (${user.id})`);
  }
  const said = `Carried over ${added} users; ${known} were there already.\n`;
  if (left.length === 0) return said;
  throw new Error(`${said}Others have these names now, so they were left: ${left.join(', ')}.`);
}
