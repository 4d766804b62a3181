import { relative } from 'node:path';
import { cwd } from 'node:process';
import type { Stryker } from '@stryker-mutator/core';

/** A change of the code, and what the tests made of it. */
type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

/** How many changes the tests noticed, and how many they did not. */
export interface Score {
  readonly noticed: number;
  readonly missed: number;
}

const NOTICED = new Set<Mutant['status']>(['Killed', 'Timeout']);
const MISSED = new Set<Mutant['status']>(['Survived', 'NoCoverage']);

/** The share of changes that were noticed, in percent. */
export function scoreOf(scores: readonly Score[]): number {
  const noticed = scores.reduce((sum, score) => sum + score.noticed, 0);
  const missed = scores.reduce((sum, score) => sum + score.missed, 0);
  return noticed + missed === 0 ? 100 : (100 * noticed) / (noticed + missed);
}

/** A line for each file, the worst first, and one for all; with `isListing`, the changes that nothing noticed. */
export function reportOf(
  mutants: readonly Mutant[],
  isListing: boolean,
): { readonly lines: readonly string[]; readonly score: Score } {
  const files = [...Map.groupBy(mutants, ({ fileName }) => fileName)]
    .map(([name, ofFile]) => ({ name: relative(cwd(), name), score: count(ofFile) }))
    .filter(({ score }) => score.noticed + score.missed > 0)
    .sort((a, b) => scoreOf([a.score]) - scoreOf([b.score]));
  const score = count(mutants);
  const survivors = isListing ? mutants.filter(({ status }) => MISSED.has(status)).map(described) : [];
  return { lines: [...files.map((file) => lineOf(file.name, file.score)), lineOf('all', score), ...survivors], score };
}

const count = (mutants: readonly Mutant[]): Score => ({
  noticed: mutants.filter(({ status }) => NOTICED.has(status)).length,
  missed: mutants.filter(({ status }) => MISSED.has(status)).length,
});

const lineOf = (name: string, score: Score): string =>
  `${scoreOf([score]).toFixed(1).padStart(6)} %  ${score.noticed} of ${score.noticed + score.missed}  ${name}`;

function described({ fileName, location, mutatorName, replacement, status }: Mutant): string {
  const { line, column } = location.start;
  const change = replacement?.replaceAll(/\s+/g, ' ').slice(0, 100);
  return `${relative(cwd(), fileName)}:${line}:${column} ${mutatorName} ${status === 'NoCoverage' ? '(never run) ' : ''}→ ${change}`;
}
