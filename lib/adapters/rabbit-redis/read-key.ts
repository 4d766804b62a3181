import type { RedisLink } from './redis-link.ts';

/** Commands that read one key, with their arguments after the key. */
type Reading = readonly ['GET' | 'HGETALL' | 'HGET' | 'ZRANGE' | 'ZCOUNT', ...string[]];

/**
 * Runs a reading command on a key and resolves with its reply, strings as Buffers. Rejects when the reply is about
 * another key: an empty reply tells by itself nothing about what was asked.
 */
export async function readKey(link: RedisLink, key: string, [command, ...more]: Reading): Promise<unknown> {
  const reply = await (await link.bytes()).readKey({ keys: [key], arguments: [command, ...more] });
  return replyAbout(link, key, reply);
}

/** The answer in the reply of a script that names its first key before. Throws when that is another one. */
export function replyAbout(link: RedisLink, key: string, reply: unknown): unknown {
  const [found, answer] = Array.isArray(reply) ? reply : [];
  link.expectReplyAbout(key, found === undefined ? undefined : String(found));
  return answer;
}

/** Names and values in turn, as scripts reply with hashes. */
export function fieldsOf(reply: unknown): ReadonlyMap<string, Buffer> {
  const fields = new Map<string, Buffer>();
  if (!Array.isArray(reply)) return fields;
  for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), reply[i + 1] as Buffer);
  return fields;
}
