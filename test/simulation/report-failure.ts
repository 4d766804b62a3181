import { runScenario } from './run-scenario.ts';
import { shrink } from './shrink.ts';
import { type Scenario, scenarioOf } from './world/scenario.ts';

/** Maximum length of a printed trace. The middle of a longer one is omitted. */
const MAX_LINES = 200;

/** A seed that breaks a rule: its smallest form, with what happens in it. Undefined for a seed that breaks none. */
export async function reportFailure(seed: number): Promise<string | undefined> {
  const scenario = scenarioOf(seed);
  const first = await runScenario(scenario, { suppressed: new Set() });
  if (!first.violation) return undefined;
  const shrunk = await shrink(scenario, first);
  const lines: string[] = [];
  const isNew = createRepeatFilter();
  const { injected } = await runScenario(shrunk.scenario, {
    suppressed: shrunk.suppressed,
    trace: (line) => isNew(line) && lines.push(line),
  });
  const { violation } = shrunk.result;
  return [
    `Seed ${seed} breaks the rule "${violation?.rule}": ${violation?.what}`,
    '',
    describeScenario(shrunk.scenario),
    injected.length === 0 ? 'Faults: none' : 'Faults:',
    ...injected.map(({ id, kind, atMs }) => `  ${kind} at ${(atMs / 1000).toFixed(3)} s in ${id}`),
    '',
    ...shortened(lines),
    '',
  ].join('\n');
}

/** Everything that happens in a seed, whether it breaks a rule or not. */
export async function traceSeed(seed: number, print: (line: string) => void): Promise<void> {
  const scenario = scenarioOf(seed);
  print(describeScenario(scenario));
  const { violation } = await runScenario(scenario, { suppressed: new Set(), trace: print });
  print(violation ? `Breaks the rule "${violation.rule}": ${violation.what}` : 'Breaks no rule.');
}

function describeScenario({
  platform,
  model,
  leaseSeconds,
  instances,
  gateways,
  skews,
  versions,
  maxBacklog,
  hasStats,
  clients,
  incidents,
}: Scenario): string {
  return [
    `Platform ${platform}, ${gateways} gateways, leases of ${leaseSeconds} s, instances from ${instances.map((ms) => `${ms} ms`).join(', ')}`,
    ...(skews ? [`Clocks ahead by ms: ${JSON.stringify(skews)}`] : []),
    ...(versions ? [`Contracts of the instances: ${versions.join(', ')}`] : []),
    ...(maxBacklog === undefined ? [] : [`At most ${maxBacklog} tasks wait`]),
    ...(hasStats ? ['Ends are counted'] : []),
    `Model ${JSON.stringify(model)}`,
    ...clients.map((client) => `Caller ${JSON.stringify(client)}`),
    ...incidents.map((incident) => `Incident ${JSON.stringify(incident)}`),
  ].join('\n');
}

/** Polls and renewals. Repetitions are not printed. */
const ROUTINE = /GetItem|get |untilEnded|wait |[Rr]eceive|ChangeMessageVisibilityBatch/;

/** Tells lines that are worth printing from polls that found what they found before. */
function createRepeatFilter(): (line: string) => boolean {
  const seen = new Set<string>();
  return (line) => {
    const what = line.slice(line.indexOf(' s  '));
    if (!ROUTINE.test(what) || /fault|Messages:\[\{| attempt /.test(what)) return true;
    const isNew = !seen.has(what);
    seen.add(what);
    return isNew;
  };
}

function shortened(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_LINES) return lines;
  const half = MAX_LINES / 2;
  return [...lines.slice(0, half), `… ${lines.length - MAX_LINES} lines …`, ...lines.slice(-half)];
}
