import { VIOLATIONS } from './ledger.ts';
import type { TortureReport } from './torture.ts';

/** Whether nothing happened that must not. */
export const isClean = ({ violations, orphans }: TortureReport): boolean =>
  violations.length === 0 && orphans.length === 0;

/** The report as text. */
export function describeReport(report: TortureReport, seed: number): string {
  const counts = VIOLATIONS.map((kind) => {
    const ofKind = report.violations.filter((violation) => violation.kind === kind);
    return `${kind.padEnd(9)}${String(ofKind.length).padStart(8)}`;
  });
  return [
    `accepted ${String(report.accepted).padStart(8)}   ${listOf(report.states)}`,
    ...counts,
    `orphans  ${String(report.orphans.length).padStart(8)}`,
    ...report.orphans.map((orphan) => `  ${orphan}`),
    `answers by status (0: none): ${listOf(report.answers)}`,
    `every task had ended ${report.settledSeconds.toFixed(1)} s after the storm; seed ${seed}`,
    '',
  ].join('\n');
}

const listOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
