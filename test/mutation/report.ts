import { relative } from 'node:path';
import { cwd } from 'node:process';
import type { Stryker } from '@stryker-mutator/core';

/** One change of the code, with its test result. */
export type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

/** How many changes the tests killed, and how many they did not. */
export interface Score {
  readonly killed: number;
  readonly survived: number;
}

const KILLED = new Set<Mutant['status']>(['Killed', 'Timeout']);
const SURVIVED = new Set<Mutant['status']>(['Survived', 'NoCoverage']);

/** The share of killed mutants, in percent. */
export function scoreOf(scores: readonly Score[]): number {
  const killed = scores.reduce((sum, score) => sum + score.killed, 0);
  const survived = scores.reduce((sum, score) => sum + score.survived, 0);
  return killed + survived === 0 ? 100 : (100 * killed) / (killed + survived);
}

/** One line per file, lowest score first, then the total; with `isListing`, also the surviving mutants. */
export function reportOf(
  mutants: readonly Mutant[],
  isListing: boolean,
): { readonly lines: readonly string[]; readonly score: Score } {
  const files = [...Map.groupBy(mutants, ({ fileName }) => fileName)]
    .map(([name, ofFile]) => ({ name: relative(cwd(), name), score: count(ofFile) }))
    .filter(({ score }) => score.killed + score.survived > 0)
    .sort((a, b) => scoreOf([a.score]) - scoreOf([b.score]));
  const score = count(mutants);
  const survivors = isListing ? mutants.filter(({ status }) => SURVIVED.has(status)).map(described) : [];
  return { lines: [...files.map((file) => lineOf(file.name, file.score)), lineOf('all', score), ...survivors], score };
}

const count = (mutants: readonly Mutant[]): Score => ({
  killed: mutants.filter(({ status }) => KILLED.has(status)).length,
  survived: mutants.filter(({ status }) => SURVIVED.has(status)).length,
});

const lineOf = (name: string, score: Score): string =>
  `${scoreOf([score]).toFixed(1).padStart(6)} %  ${score.killed} of ${score.killed + score.survived}  ${name}`;

function described({ fileName, location, mutatorName, replacement, status }: Mutant): string {
  const { line, column } = location.start;
  const change = replacement?.replaceAll(/\s+/g, ' ').slice(0, 100);
  return `${relative(cwd(), fileName)}:${line}:${column} ${mutatorName} ${status === 'NoCoverage' ? '(never run) ' : ''}→ ${change}`;
}
