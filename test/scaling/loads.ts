import type { Load } from './world.ts';

const ONCE = { runs: 1, slots: 8 } as const;
const HOUR = 60;

/** The loads that scaling is judged by. Each begins with a sleeping model. */
export const LOADS = [
  {
    ...{ ...ONCE, name: 'burst of 10,000 from zero', minutes: HOUR, serviceSeconds: 0.5 },
    arrivals: (second) => (second === 10 ? 10_000 : 0),
  },
  {
    // Fills 1.9 instances.
    ...{ ...ONCE, name: 'steady, 15 tasks a second', minutes: HOUR, serviceSeconds: 1 },
    arrivals: (second) => (second < 45 * 60 ? 15 : 0),
  },
  {
    ...{ ...ONCE, name: 'trickle, one task a minute', minutes: HOUR, serviceSeconds: 1 },
    arrivals: (second) => (second % 60 === 7 && second < 45 * 60 ? 1 : 0),
  },
  {
    // Every run fails, and every task is given up after three.
    ...{ name: 'poison, 2,000 tasks that always fail', minutes: HOUR, serviceSeconds: 2, slots: 1, runs: 3 },
    arrivals: (second) => (second === 10 ? 2000 : 0),
  },
] as const satisfies readonly Load[];
