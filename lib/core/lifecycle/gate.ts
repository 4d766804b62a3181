/** Errors on the same held-out rows, such as the root mean squared error: lower is better. */
export interface GateInput {
  /** For example `rmse`. */
  readonly metric: string;
  readonly challenger: number;
  /** Predicts the last known value. */
  readonly baseline: number;
  /** The deployed version. Undefined when none is deployed. */
  readonly champion?: number;
  /** How much lower the error must be than the champion's, as a share of it. @default 0 */
  readonly minImprovement?: number;
  /** Number of held-out rows. */
  readonly rows: number;
  /** @default 20 */
  readonly minRows?: number;
}

export interface GateDecision {
  readonly passed: boolean;
  /** One sentence per condition, met or not. */
  readonly reasons: readonly string[];
}

const MIN_ROWS = 20;

/** Whether a version may replace the deployed one: better than it and than the baseline on enough held-out rows. */
export function decideGate(input: GateInput): GateDecision {
  const { metric, challenger, baseline, champion, minImprovement = 0, rows, minRows = MIN_ROWS } = input;
  const conditions: [passed: boolean, reason: string][] = [
    [rows >= minRows, `It was evaluated on ${rows} held-out rows; at least ${minRows} are needed.`],
    [Number.isFinite(challenger), `Its ${metric} is ${shown(challenger)}.`],
    [challenger < baseline, compared({ metric, challenger, other: baseline, name: 'the persistence baseline' })],
  ];
  if (champion !== undefined) {
    const limit = champion * (1 - minImprovement);
    const margin = minImprovement === 0 ? '' : ` It must be lower by ${shown(minImprovement * 100)} %.`;
    const reason = compared({ metric, challenger, other: champion, name: 'the deployed version' });
    conditions.push([challenger < limit, `${reason}${margin}`]);
  }
  return { passed: conditions.every(([passed]) => passed), reasons: conditions.map(([, reason]) => reason) };
}

interface Comparison {
  readonly metric: string;
  readonly challenger: number;
  readonly other: number;
  readonly name: string;
}

const compared = ({ metric, challenger, other, name }: Comparison): string =>
  `Its ${metric} of ${shown(challenger)} is ${challenger < other ? 'lower' : 'not lower'} than ${shown(other)} of ${name}.`;

const shown = (value: number): string => String(Number(value.toPrecision(4)));
