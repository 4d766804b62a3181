import { describe, expect, it } from 'vitest';
import { ManualClock } from '#test/support/manual-clock.ts';
import { createLoginBrake } from '../../../lib/core/users/login-brake.ts';

function prepare() {
  const clock = new ManualClock();
  const brake = createLoginBrake(clock);
  /** Seconds to wait, 0 for an attempt that may be made. */
  const attempt = (name: string, address = 'here') => {
    try {
      brake.enter(name, address);
      return 0;
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_many_requests' });
      return (error as { retryAfterSeconds: number }).retryAfterSeconds;
    }
  };
  const repeat = (count: number, name: (i: number) => string, address: (i: number) => string) => {
    for (let i = 0; i < count; i++) expect(attempt(name(i), address(i))).toBe(0);
  };
  return { clock, brake, attempt, repeat };
}

describe('the login brake', () => {
  it('lets ten attempts of a name pass, then doubles the wait', async () => {
    const { clock, attempt, repeat } = prepare();
    repeat(
      10,
      () => 'ann',
      (i) => `address ${i}`,
    );

    const waits: number[] = [];
    for (let i = 0; i < 11; i++) {
      const seconds = attempt('ann', `other ${i}`);
      waits.push(seconds);
      await clock.advance(seconds * 1000 - 1);
      expect(attempt('ann', `other ${i}`)).toBe(1);
      await clock.advance(1);
      expect(attempt('ann', `other ${i}`)).toBe(0);
    }

    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  });

  it('lets fifty attempts of an address pass, whatever the names', () => {
    const { attempt, repeat } = prepare();
    repeat(
      50,
      (i) => `name ${i}`,
      () => 'here',
    );

    expect([attempt('ann', 'here'), attempt('ann', 'there')]).toEqual([1, 0]);
  });

  it('forgets attempts after a quarter of an hour', async () => {
    const { clock, attempt, repeat } = prepare();
    repeat(
      10,
      () => 'ann',
      (i) => `address ${i}`,
    );
    await clock.advance(1000);
    repeat(
      1,
      () => 'ann',
      () => 'later',
    );

    await clock.advance(899_999);
    expect(attempt('ann', 'later')).toBe(0);
    expect(attempt('ann', 'later')).toBe(4);
    await clock.advance(900_000);

    repeat(
      10,
      () => 'ann',
      (i) => `address ${i}`,
    );
  });

  it('forgets the attempts of a name that has logged in, and takes that one back for its address', () => {
    const { brake, attempt, repeat } = prepare();
    repeat(
      49,
      (i) => `name ${i}`,
      () => 'here',
    );
    for (let i = 0; i < 20; i++) brake.enter('ann', 'here').succeeded();

    repeat(
      9,
      () => 'ann',
      (i) => `address ${i}`,
    );
    expect([attempt('bob', 'here'), attempt('bob', 'here')]).toEqual([0, 1]);
  });

  it('lets nobody lock a name out at an address from which it has logged in', async () => {
    const { clock, brake, attempt } = prepare();
    brake.enter('ann', 'home').succeeded();
    for (let i = 0; i < 100; i++) {
      await clock.advance(attempt('ann', `elsewhere ${i % 3}`) * 1000);
      attempt('bob', 'home');
    }

    const waits = Array.from({ length: 11 }, () => attempt('ann', 'home'));

    expect(attempt('ann', 'elsewhere')).toBeGreaterThan(0);
    expect(waits).toEqual([...Array(10).fill(0), 1]);
    await clock.advance(1000);
    brake.enter('ann', 'home').succeeded();
    expect(attempt('ann', 'home')).toBe(0);
  });

  it.each([
    ['2001:db8::1', '2001:0DB8:0:0:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2:3::', '2001:db8:1:2::9', true],
    ['::1', '::2', true],
    ['2001:db8::1', '2001:db8:0:1::1', false],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['192.0.2.1', '192.0.2.2', false],
  ])('counts %s and %s as one address: %s', (one, other, isOne) => {
    const { attempt, repeat } = prepare();
    repeat(
      50,
      (i) => `name ${i}`,
      () => one,
    );

    expect(attempt('ann', other)).toBe(isOne ? 1 : 0);
  });

  it('counts no address below nothing', () => {
    const { brake, attempt, repeat } = prepare();
    const entered = brake.enter('ann', 'here');
    for (let i = 0; i < 5; i++) entered.succeeded();

    repeat(
      50,
      (i) => `name ${i}`,
      () => 'here',
    );

    expect(attempt('bob', 'here')).toBe(1);
  });

  it('remembers 20,000 names and addresses', () => {
    const { attempt, repeat } = prepare();
    repeat(
      10,
      () => 'ann',
      () => 'ann’s',
    );
    repeat(
      9999,
      (i) => `name ${i}`,
      (i) => `address ${i}`,
    );
    expect(attempt('ann', 'ann’s')).toBe(1);

    repeat(
      1,
      () => 'one more',
      () => 'one more',
    );

    expect(attempt('ann', 'ann’s')).toBe(0);
  });
});
