import { createHash } from 'node:crypto';
import type { RedisBytes } from './redis-connection.ts';

/** A Lua script that Redis runs as one step. */
export interface RedisScript {
  readonly source: string;
  readonly sha: string;
}

export const redisScript = (source: string): RedisScript => ({
  source,
  sha: createHash('sha1').update(source).digest('hex'),
});

interface ScriptCall {
  readonly keys: readonly string[];
  readonly arguments: readonly (string | Buffer)[];
}

/** Runs a script by its hash; Redis forgets scripts when it restarts, and is then told the source again. */
export async function runScript(client: RedisBytes, script: RedisScript, call: ScriptCall): Promise<unknown> {
  const options = { keys: [...call.keys], arguments: [...call.arguments] };
  try {
    return await client.evalSha(script.sha, options);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return client.eval(script.source, options);
  }
}
