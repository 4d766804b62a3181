import { createRandom, type Random } from './random.ts';

/** One imaginary economy in one year; the features are those known at the end of the year before. */
export interface EconomyYear {
  readonly economy: number;
  readonly year: number;
  readonly gdp_per_capita: number;
  readonly unemployment_rate: number;
  readonly gdp_growth_rate_lag: number;
  readonly gdp_growth_rate_ma: number;
  readonly gdp_growth_rate: number;
}

const ECONOMIES = 60;
const YEARS = 25;
/** Years that run unrecorded, so that no economy starts in an equilibrium of our choosing. */
const WARM_UP_YEARS = 8;
/** Growth is averaged over so many years. */
const AVERAGE_YEARS = 3;

/** Sixty imaginary economies over twenty-five years, the same on every call. The relations are in the README. */
export function simulate(seed = 20_261_101): EconomyYear[] {
  const random = createRandom(seed);
  return Array.from({ length: ECONOMIES }, (_, index) => simulateEconomy(index + 1, random)).flat();
}

function simulateEconomy(economy: number, random: Random): EconomyYear[] {
  const naturalUnemployment = 4.5 + 2 * random.uniform();
  let income = Math.exp(Math.log(1_500) + Math.log(70_000 / 1_500) * random.uniform());
  let unemployment = naturalUnemployment;
  let past = Array<number>(AVERAGE_YEARS).fill(trendGrowth(income));

  const rows: EconomyYear[] = [];
  for (let year = 1 - WARM_UP_YEARS; year <= YEARS; year++) {
    const trend = trendGrowth(income);
    const lag = past.at(-1) ?? trend;
    const growth = trend + 0.6 * (lag - trend) + rebound(unemployment - naturalUnemployment) + shock(random);
    if (year >= 1) {
      rows.push(toRow({ economy, year, income, unemployment, lag, average: mean(past), growth }));
    }
    unemployment = nextUnemployment(unemployment, naturalUnemployment, growth - trend);
    income *= 1 + growth / 100;
    past = [...past.slice(1), growth];
  }
  return rows;
}

/** Convergence: poorer economies have further to catch up. 1.5 % a year at 65,000 USD, about 5 % at 3,000 USD. */
const trendGrowth = (income: number): number => Math.max(1, 1.5 + 1.1 * Math.log(65_000 / income));

/** Points of growth that nobody could foresee; about every thirtieth year is a crisis. */
const shock = (random: Random): number => 0.8 * random.normal() - (random.uniform() < 1 / 30 ? 5 : 0);

/** Idle labour lets an economy recover faster than its trend; an overheated one cools more gently. */
const rebound = (slack: number): number => (slack > 0 ? 0.45 : 0.15) * slack;

/** Okun's law: a point of growth above trend takes 0.35 points off unemployment, which is drawn home by a third. */
const nextUnemployment = (now: number, natural: number, growthAboveTrend: number): number =>
  Math.min(30, Math.max(1, now + (natural - now) / 3 - 0.35 * growthAboveTrend));

interface Snapshot {
  readonly economy: number;
  readonly year: number;
  readonly income: number;
  readonly unemployment: number;
  readonly lag: number;
  readonly average: number;
  readonly growth: number;
}

/** Rounded as statistics offices publish them. */
const toRow = ({ economy, year, income, unemployment, lag, average, growth }: Snapshot): EconomyYear => ({
  economy,
  year,
  gdp_per_capita: Math.round(income),
  unemployment_rate: round(unemployment, 1),
  gdp_growth_rate_lag: round(lag, 2),
  gdp_growth_rate_ma: round(average, 2),
  gdp_growth_rate: round(growth, 2),
});

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
