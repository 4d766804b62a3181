import { expect, it } from 'vitest';
import { isLogged } from '#core';

const IDS = Array.from({ length: 2000 }, (_, at) => `task-${at}`);

it.each([0, 0.05, 0.5, 1])('a share of %f of the tasks is logged, always the same ones', (share) => {
  const logged = IDS.filter((id) => isLogged(id, share));

  expect(Math.abs(logged.length / IDS.length - share)).toBeLessThan(0.03);
  expect(IDS.filter((id) => isLogged(id, share))).toEqual(logged);
  expect(logged.filter((id) => !isLogged(id, Math.min(1, share * 1.5)))).toEqual([]);
});

it('all tasks are logged with a share of 1', () => {
  expect(IDS.every((id) => isLogged(id, 1))).toBe(true);
  expect(IDS.some((id) => isLogged(id, 0))).toBe(false);
});
