import { createClient } from 'redis';
import { countFrames } from './frame-counter.ts';
import { openGateway } from './predictions.ts';
import { startSystem } from './system.ts';

interface Servers {
  readonly amqpUrl: string;
  readonly redisUrl: string;
}

const TASKS = 5000;
const CALLERS = [1, 64] as const;
/** Ignores background calls, such as heartbeats. */
const WORTH_TELLING = 0.05;

/** Counts Redis commands and AMQP frames per task. */
export async function countCalls({ amqpUrl, redisUrl }: Servers): Promise<string> {
  await using counter = await countFrames(amqpUrl);
  await using system = await startSystem({ amqpUrl: counter.url, redisUrl, prefix: 'bench-calls' });
  const redis = await createClient({ url: redisUrl }).connect();
  const { predict, close } = openGateway(system.url);
  const lines: string[] = [];
  await predict();
  for (const callers of CALLERS) {
    const tasks = callers === 1 ? TASKS / 10 : TASKS;
    const before = { commands: commandsOf(await redis.info('commandstats')), frames: counter.frames() };
    let left = tasks;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (left-- > 0) await predict();
      }),
    );
    const commands = commandsOf(await redis.info('commandstats'));
    const of = (after: ReadonlyMap<string, number>, at: ReadonlyMap<string, number>) => sumUp(after, at, tasks);
    lines.push(`Per task with ${callers} callers, AMQP frames: ${of(counter.frames(), before.frames)}.`);
    lines.push(`Redis commands, those inside of evalsha too: ${of(commands, before.commands)}.`);
  }
  await Promise.all([close(), redis.close()]);
  return lines.join('\n');
}

function commandsOf(stats: string): ReadonlyMap<string, number> {
  const lines = stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return new Map(Array.from(lines, ([, name = '', calls]) => [name, Number(calls)]));
}

function sumUp(after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>, tasks: number): string {
  const each = [...after].map(([name, count]) => [name, (count - (before.get(name) ?? 0)) / tasks] as const);
  const told = each.filter(([, count]) => count >= WORTH_TELLING).toSorted(([, a], [, b]) => b - a);
  const total = told.reduce((sum, [, count]) => sum + count, 0);
  return `${total.toFixed(1)} (${told.map(([name, count]) => `${name} ${count.toFixed(2)}`).join(', ')})`;
}
