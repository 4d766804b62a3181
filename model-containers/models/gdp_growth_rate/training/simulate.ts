import { createRandom, type Random } from './random.ts';

/** One synthetic economy in one year. The features are known at the end of the year before. */
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
/** Unrecorded first years, so that the data does not start at the chosen initial values. */
const WARM_UP_YEARS = 8;
/** Years of the moving average of growth. */
const AVERAGE_YEARS = 3;

/** Sixty synthetic economies over twenty-five years, the same for the same seed. The README describes the relations. */
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

/** Convergence: about 5 % a year at 3,000 USD per head, 1.5 % at 65,000 USD. */
const trendGrowth = (income: number): number => Math.max(1, 1.5 + 1.1 * Math.log(65_000 / income));

/** Unpredictable points of growth. About every thirtieth year is a crisis. */
const shock = (random: Random): number => 0.8 * random.normal() - (random.uniform() < 1 / 30 ? 5 : 0);

/** Slack in the labour market speeds growth up more than overheating slows it down. */
const rebound = (slack: number): number => (slack > 0 ? 0.45 : 0.15) * slack;

/**
 * Okun's law: a point of growth above trend lowers unemployment by 0.35 points. A third of the gap to the natural rate
 * closes each year.
 */
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

/** Rounded like published statistics. */
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
