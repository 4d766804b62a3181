import { describe, expect, it } from 'vitest';
import { ENV, readChoice, readInteger, readOptional, readRequired } from '#platform/environment.ts';

describe('the environment', () => {
  it('has a name of its own for each variable', () => {
    const names = Object.values(ENV);

    expect(new Set(names).size).toBe(names.length);
  });

  it('gives what is set, and nothing for what is empty', () => {
    const env = { [ENV.model]: 'model_a', [ENV.variant]: '' };

    expect(readRequired(env, ENV.model)).toBe('model_a');
    expect(readOptional(env, ENV.variant)).toBeUndefined();
    expect(readOptional(env, ENV.instanceId)).toBeUndefined();
  });

  it.each([{}, { [ENV.model]: '' }])('names the variable that is missing in %o', (env) => {
    expect(() => readRequired(env, ENV.model)).toThrow('The environment variable MODELYARD_MODEL is not set.');
  });

  it('reads whole numbers within their bounds', () => {
    const bounds = { min: 1, max: 60, default: 30 };

    expect(readInteger({ [ENV.leaseSeconds]: '60' }, ENV.leaseSeconds, bounds)).toBe(60);
    expect(readInteger({}, ENV.leaseSeconds, bounds)).toBe(30);
    expect(() => readInteger({}, ENV.healthPort, { min: 0, max: 65_535 })).toThrow('MODELYARD_HEALTH_PORT is not set');
  });

  it.each(['0', '61', '1.5', '-1', 'ten', '1e1', ' 5', '9'.repeat(30)])(
    'refuses «%s» as a number of seconds',
    (text) => {
      expect(() =>
        readInteger({ [ENV.leaseSeconds]: text }, ENV.leaseSeconds, { min: 1, max: 60, default: 30 }),
      ).toThrow(`The environment variable MODELYARD_LEASE_SECONDS must be a whole number from 1 to 60, not "${text}".`);
    },
  );

  it('reads one of several words, the first by default', () => {
    const choices = ['aws', 'memory'] as const;

    expect(readChoice({ [ENV.platform]: 'memory' }, ENV.platform, choices)).toBe('memory');
    expect(readChoice({}, ENV.platform, choices)).toBe('aws');
    expect(() => readChoice({ [ENV.platform]: 'azure' }, ENV.platform, choices)).toThrow(
      'The environment variable PLATFORM must be one of aws, memory, not "azure".',
    );
  });
});
