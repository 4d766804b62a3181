import { describe, expect, it } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn } from '#test/support/rabbit-redis-processes.ts';

const SUITE = 'Processes that RabbitMQ or Redis does not let start';
const brokers = findBrokers(SUITE);
/** Nothing listens there. */
const NOWHERE = '127.0.0.1:1';
const PASSWORD = 'not-the-password';

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  const rabbitmq = () => new URL(servers.rabbitmq.url).host;
  const redis = () => new URL(servers.redis.url).host;

  type Start = (environment: Readonly<Record<string, string>>) => ReturnType<ReturnType<typeof processesOn>['gateway']>;
  const STARTS: readonly (readonly [what: string, start: Start])[] = [
    ['a gateway', (environment) => processesOn(servers, aPrefix()).gateway(environment)],
    ['an instance', (environment) => processesOn(servers, aPrefix()).instance('model_b', environment)],
    ['npm start', (environment) => processesOn(servers, aPrefix()).everything('rabbit-redis', environment)],
  ];

  /** How it ended, and the sentence that it ended with. */
  async function outcome(start: Start, environment: Readonly<Record<string, string>>) {
    await using started = start({ MODELYARD_CONNECT_SECONDS: '5', ...environment });
    const code = await started.exited;
    const last = started.lines.at(-1) ?? '';
    const said = last.startsWith('{') ? String((JSON.parse(last) as { message: unknown }).message) : last;
    return { code, said, lines: started.lines, all: started.lines.join('\n') };
  }

  describe(SUITE, { timeout: 60_000 }, () => {
    describe.each(STARTS)('%s', (_, start) => {
      it.each([
        ['RabbitMQ', { AMQP_URL: `amqp://somebody:${PASSWORD}@${NOWHERE}` }],
        ['Redis', { REDIS_URL: `redis://somebody:${PASSWORD}@${NOWHERE}` }],
      ])('tries again while there is no %s, then exits with a sentence that names the address', async (name, away) => {
        const { code, said, all } = await outcome(start, away);

        expect(code).toBe(1);
        expect(said).toBe(`${name} at ${NOWHERE} cannot be reached: connect ECONNREFUSED ${NOWHERE}.`);
        expect(all).not.toContain(PASSWORD);
      });

      it.each([
        [
          'a password',
          () => ({ AMQP_URL: `amqp://guest:${PASSWORD}@${rabbitmq()}` }),
          () => `RabbitMQ at ${rabbitmq()} refuses this user name or this password.`,
        ],
        [
          'a virtual host',
          () => ({ AMQP_URL: `amqp://guest:guest@${rabbitmq()}/nowhere` }),
          () => `RabbitMQ at ${rabbitmq()} has no virtual host of this name for this user.`,
        ],
        [
          'a user of Redis',
          () => ({ REDIS_URL: `redis://somebody:${PASSWORD}@${redis()}` }),
          () => `Redis at ${redis()} refuses this user name or this password.`,
        ],
        [
          'a database of Redis',
          () => ({ REDIS_URL: `redis://${redis()}/99` }),
          () => `Redis at ${redis()} has no database of this number.`,
        ],
      ])('exits with one sentence, at once, when %s is wrong', async (_, wrong, sentence) => {
        const { code, said, lines } = await outcome(start, { MODELYARD_CONNECT_SECONDS: '600', ...wrong() });

        expect([code, said, lines.length]).toEqual([1, sentence(), 1]);
        expect(lines.join('\n')).not.toMatch(new RegExp(`${PASSWORD}|\\bat file:|node:internal`));
      });

      it.each([
        [
          { AMQP_URL: 'hello' },
          'The environment variable AMQP_URL must be a URL such as amqp://user:password@host:5672.',
        ],
        [{ AMQP_URL: '' }, 'The environment variable AMQP_URL is not set.'],
        [{ REDIS_URL: 'http://x' }, 'The environment variable REDIS_URL must be a URL such as redis://host:6379/0.'],
        [{ REDIS_URL: '' }, 'The environment variable REDIS_URL is not set.'],
      ])('exits with one sentence for %j', async (wrong, sentence) => {
        const { code, said, lines } = await outcome(start, wrong);

        expect([code, said, lines.length]).toEqual([1, sentence, 1]);
        expect(lines.join('\n')).not.toMatch(/\bat file:|node:internal/);
      });
    });

    it.each([
      [
        'a gateway',
        () => processesOn(servers, aPrefix()).gateway({ PLATFORM: 'foo' }),
        1,
        'The environment variable PLATFORM must be one of aws, rabbit-redis, sqlite, not "foo".',
      ],
      [
        'an instance',
        () => processesOn(servers, aPrefix()).instance('model_b', { PLATFORM: 'foo' }),
        1,
        'The environment variable PLATFORM must be one of aws, rabbit-redis, sqlite, not "foo".',
      ],
      [
        'npm start',
        () => processesOn(servers, aPrefix()).everything('foo'),
        2,
        '--platform must be one of sqlite, aws, rabbit-redis, not "foo".',
      ],
    ])('%s exits with one sentence for a platform that does not exist', async (_, start, expected, sentence) => {
      const { code, said, lines } = await outcome(start, {});

      expect([code, said, lines.length]).toEqual([expected, sentence, 1]);
    });
  });
}
