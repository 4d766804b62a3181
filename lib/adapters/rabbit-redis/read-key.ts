import type { RedisLink } from './redis-link.ts';

/** Commands that read one key, with the arguments after the key. */
type Reading = readonly ['GET' | 'HGETALL' | 'HGET' | 'HMGET' | 'ZRANGE' | 'ZCOUNT', ...string[]];

/**
 * Runs a reading command on a key. Strings in the reply are Buffers. Rejects when the reply belongs to another key,
 * which an empty reply alone would not show.
 */
export async function readKey(link: RedisLink, key: string, [command, ...more]: Reading): Promise<unknown> {
  const reply = await (await link.bytes()).readKey({ keys: [key], arguments: [command, ...more] });
  return replyAbout(link, key, reply);
}

/** The result in the reply of a script, which starts with its first key. Throws if that is another key. */
export function replyAbout(link: RedisLink, key: string, reply: unknown): unknown {
  const [found, answer] = Array.isArray(reply) ? reply : [];
  link.expectReplyAbout(key, found === undefined ? undefined : String(found));
  return answer;
}

/** Converts alternating names and values into a map. */
export function fieldsOf(reply: unknown): ReadonlyMap<string, Buffer> {
  const fields = new Map<string, Buffer>();
  if (!Array.isArray(reply)) return fields;
  for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), reply[i + 1] as Buffer);
  return fields;
}
