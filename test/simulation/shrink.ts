import { runScenario, type ScenarioResult } from './run-scenario.ts';
import type { ClientPlan, Scenario } from './world/scenario.ts';

/** A scenario that breaks a rule, with as little in it as was found to be needed. */
export interface Shrunk {
  readonly scenario: Scenario;
  readonly suppressed: ReadonlySet<string>;
  readonly result: ScenarioResult;
}

type Candidate = Pick<Shrunk, 'scenario' | 'suppressed'>;

/** A seed that needs more tries is shown in the smallest form so far. */
const MAX_TRIES = 2_000;

/** Removes callers, incidents, faults and other parts as long as the same rule is broken. */
export async function shrink(scenario: Scenario, first: ScenarioResult): Promise<Shrunk> {
  const rule = first.violation?.rule;
  let best: Shrunk = { scenario, suppressed: new Set(), result: first };
  let tries = 0;
  for (let isSmaller = true; isSmaller && tries < MAX_TRIES; ) {
    isSmaller = false;
    for (const candidate of candidatesOf(best)) {
      tries += 1;
      const result = await runScenario(candidate.scenario, candidate);
      if (result.violation?.rule !== rule) continue;
      best = { ...candidate, result };
      isSmaller = true;
      break;
    }
  }
  return best;
}

/** Simpler scenarios, those that leave out most first. */
function* candidatesOf({ scenario, suppressed, result }: Shrunk): Generator<Candidate> {
  const { clients, incidents, instances, gateways, model } = scenario;
  const faults = result.injected.map(({ id }) => id);
  for (const ids of parts(faults)) yield { scenario, suppressed: new Set([...suppressed, ...ids]) };
  const changed = (change: Partial<Scenario>): Candidate => ({ scenario: { ...scenario, ...change }, suppressed });
  for (const part of parts(clients)) {
    if (part.length < clients.length) yield changed({ clients: clients.filter((client) => !part.includes(client)) });
  }
  for (const part of parts(incidents)) {
    yield changed({ incidents: incidents.filter((incident) => !part.includes(incident)) });
  }
  for (const left of simpler(scenario)) yield { scenario: left, suppressed };
  if (instances.length > 1) for (const at of instances.keys()) yield changed(withoutInstance(scenario, at));
  if (gateways > 1) yield changed({ gateways: gateways - 1 });
  if (model.batching) {
    const { batching: _, ...single } = model;
    yield changed({ model: single });
  }
  if (model.slots > 1) yield changed({ model: { ...model, slots: Math.floor(model.slots / 2) } });
  for (const [at, client] of clients.entries()) {
    for (const simpler of simplerClients(client)) yield changed({ clients: clients.with(at, simpler) });
  }
}

/** With right clocks, with one contract, without a limit or without statistics. */
function* simpler(scenario: Scenario): Generator<Scenario> {
  const { skews, versions, maxBacklog, ...rest } = scenario;
  const optional = { ...(skews ? { skews } : {}), ...(versions ? { versions } : {}) };
  const limited = maxBacklog === undefined ? {} : { maxBacklog };
  if (skews) yield { ...rest, ...limited, ...(versions ? { versions } : {}) };
  if (versions) yield { ...rest, ...limited, ...(skews ? { skews } : {}) };
  if (maxBacklog !== undefined) yield { ...rest, ...optional };
  if (scenario.hasStats) yield { ...scenario, hasStats: false };
}

function withoutInstance({ instances, versions, skews }: Scenario, at: number): Partial<Scenario> {
  return {
    instances: instances.toSpliced(at, 1),
    ...(versions ? { versions: versions.toSpliced(at, 1) } : {}),
    ...(skews ? { skews: { ...skews, instances: skews.instances.toSpliced(at, 1) } } : {}),
  };
}

function* simplerClients(client: ClientPlan): Generator<ClientPlan> {
  const { otherRequest, timeoutSeconds, repeats, retries, startMs, again, batch, follows, hook, upload, looks } =
    client;
  const without = (name: keyof ClientPlan): ClientPlan => {
    const { [name]: _, ...rest } = client;
    return rest as ClientPlan;
  };
  if (again) yield without('again');
  if (batch) yield without('batch');
  if (follows) yield without('follows');
  if (hook) yield without('hook');
  if (upload) yield without('upload');
  if (looks) yield without('looks');
  if (otherRequest) yield without('otherRequest');
  if (timeoutSeconds !== undefined) yield without('timeoutSeconds');
  if (repeats > 1) yield { ...client, repeats: Math.ceil(repeats / 2) };
  if (repeats > 1) yield { ...client, repeats: repeats - 1 };
  if (retries > 0) yield { ...client, retries: retries - 1 };
  if (startMs > 0) yield { ...client, startMs: 0 };
}

/** All, halves, quarters and so on, and each alone. */
function* parts<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let size = items.length; size > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
  }
}
