import { describe, expect, it } from 'vitest';
import { rabbitRedisSettingsFrom } from '#platform/rabbit-redis.ts';

const URLS = { AMQP_URL: 'amqp://guest:guest@127.0.0.1:5672', REDIS_URL: 'redis://127.0.0.1:6379' };

describe('the settings of RabbitMQ and Redis', () => {
  it.each([
    { AMQP_URL: 'amqp://us%40er:p%40s%3As%2Fw%25@127.0.0.1/a%2Fb' },
    { AMQP_URL: 'amqps://guest:guest@rabbit.example' },
    { REDIS_URL: 'rediss://:r%40d%25@redis.example:6380/3' },
    { REDIS_URL: 'redis://user:password@[::1]:6379/' },
  ])('takes %o as it is', (more) => {
    const { amqpUrl, redisUrl } = rabbitRedisSettingsFrom({ ...URLS, ...more });

    expect({ AMQP_URL: amqpUrl, REDIS_URL: redisUrl }).toEqual({ ...URLS, ...more });
  });

  it.each([
    ['AMQP_URL', 'amqp://guest:100%secret@127.0.0.1'],
    ['AMQP_URL', 'amqp://gu%zzest:secret@127.0.0.1'],
    ['AMQP_URL', 'amqp://guest:secret@127.0.0.1/%zz'],
    ['REDIS_URL', 'redis://:100%secret@127.0.0.1'],
    ['REDIS_URL', 'redis://:secret@127.0.0.1/zero'],
  ])('names %s, and no password, when it cannot be read: %s', (name, url) => {
    const read = () => rabbitRedisSettingsFrom({ ...URLS, [name]: url });

    expect(read).toThrow(new RegExp(`^The environment variable ${name} must be a URL such as [^ ]+\\.$`));
    expect(read).not.toThrow(/secret/);
  });
});
