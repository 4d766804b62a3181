import { type CommandParser, defineScript } from 'redis';

interface ScriptCall {
  readonly keys: readonly string[];
  readonly arguments: readonly (string | Buffer)[];
}

/** A Lua script, which Redis runs atomically. Every client has it as a method: see `SCRIPTS`. */
export const redisScript = (source: string) =>
  defineScript({
    SCRIPT: source,
    parseCommand(parser: CommandParser, call: ScriptCall) {
      parser.pushKeysLength([...call.keys]);
      parser.push(...call.arguments);
    },
    transformReply: undefined as unknown as () => unknown,
  });
