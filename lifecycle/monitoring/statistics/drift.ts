import { alignedCounts, sharesOf, sumOf } from './bins.ts';
import { type Column, distinctOf, sizeOf } from './column.ts';
import { chiSquare, shareTest } from './counts-tests.ts';
import { jensenShannon, stabilityIndex, wasserstein } from './distances.ts';
import { kolmogorovSmirnov, type TestResult } from './kolmogorov-smirnov.ts';

/** Names as in Evidently. The first three give a p-value. */
export const STATISTICS = ['ks', 'chisquare', 'z', 'wasserstein', 'jensenshannon', 'psi'] as const;
type Statistic = (typeof STATISTICS)[number];

/** A choice other than the default one. */
export interface TestChoice {
  readonly statistic?: Statistic;
  /** A lower p-value is drift, or a distance of at least this. @default 0.05 or 0.1 */
  readonly threshold?: number;
}

export interface DriftVerdict {
  readonly statistic: Statistic;
  readonly value: number;
  /** Null for distances. */
  readonly pValue: number | null;
  readonly threshold: number;
  readonly isDrifted: boolean;
}

/** Larger references are judged by a distance: with so many rows, a test finds differences that do not matter. */
const LARGE = 1000;
/** Numbers with so few different values are judged by how often each occurs. */
const FEW_VALUES = 5;
const P_THRESHOLD = 0.05;
const DISTANCE_THRESHOLD = 0.1;

/**
 * Whether a column has drifted away from its reference. Without a choice, the statistic and its threshold are the
 * defaults of Evidently. Undefined when one of them has no values, or when the statistic is for numbers only.
 */
export function judgeDrift(reference: Column, current: Column, choice: TestChoice = {}): DriftVerdict | undefined {
  if (reference.type !== current.type || sizeOf(reference) === 0 || sizeOf(current) === 0) return undefined;
  const statistic = choice.statistic ?? defaultStatistic(reference, current);
  const found = compute(statistic, reference, current);
  if (!found) return undefined;
  const { value, pValue } = found;
  const threshold = choice.threshold ?? (pValue === null ? DISTANCE_THRESHOLD : P_THRESHOLD);
  const isBelow = statistic === 'ks' ? (pValue ?? 0) <= threshold : (pValue ?? 0) < threshold;
  return { statistic, value, pValue, threshold, isDrifted: pValue === null ? value >= threshold : isBelow };
}

function defaultStatistic(reference: Column, current: Column): Statistic {
  const distinct = distinctOf([reference, current], FEW_VALUES + 1);
  const isNumber = reference.type === 'number' && distinct > FEW_VALUES;
  if (sizeOf(reference) > LARGE) return isNumber ? 'wasserstein' : 'jensenshannon';
  if (isNumber) return 'ks';
  return distinct > 2 ? 'chisquare' : 'z';
}

interface Computed {
  readonly value: number;
  readonly pValue: number | null;
}

function compute(statistic: Statistic, reference: Column, current: Column): Computed | undefined {
  if (statistic === 'jensenshannon' || statistic === 'psi') {
    const shares = sharesOf(reference, current);
    const distance = statistic === 'psi' ? stabilityIndex : jensenShannon;
    return { value: distance(shares.reference, shares.current), pValue: null };
  }
  if (statistic === 'chisquare' || statistic === 'z') {
    const { reference: expected, current: observed } = alignedCounts(reference, current);
    return tested(statistic === 'z' ? ofFirst(observed, expected) : ofCounts(observed, expected));
  }
  if (reference.type !== 'number' || current.type !== 'number') return undefined;
  if (statistic === 'ks') return tested(kolmogorovSmirnov(reference.sorted, current.sorted));
  const deviation = Math.max(deviationOf(reference.sorted), 0.001);
  return { value: wasserstein(reference.sorted, current.sorted) / deviation, pValue: null };
}

const tested = ({ statistic, pValue }: TestResult): Computed => ({ value: statistic, pValue });

function ofCounts(observed: readonly number[], expected: readonly number[]): TestResult {
  const scale = sumOf(observed) / sumOf(expected);
  return chiSquare(
    observed,
    expected.map((count) => count * scale),
  );
}

/** The share of all values but the first. */
function ofFirst(observed: readonly number[], expected: readonly number[]): TestResult {
  const [now, then] = [sumOf(observed), sumOf(expected)];
  return shareTest(then - (expected[0] as number), then, now - (observed[0] as number), now);
}

/** The standard deviation of all values. */
export function deviationOf(values: Float64Array): number {
  const mean = meanOf(values);
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / values.length);
}

/** Corrected by what a plain sum of many large numbers loses. */
export function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let rest = 0;
  for (const value of values) rest += value - mean;
  return mean + rest / values.length;
}
