import type { Fault } from './engine/faults.ts';
import { replaceGlobals } from './engine/globals.ts';
import { MAX_WEBHOOK_MS, type Violation } from './oracle/oracle.ts';
import { withWrongRows } from './plants/wrong-rows.ts';
import { awsPlatform } from './servers/aws-platform.ts';
import { memoryPlatform } from './servers/memory-platform.ts';
import type { SimPlatform } from './servers/ports.ts';
import { rabbitPlatform } from './servers/rabbit-platform.ts';
import { Client } from './world/clients.ts';
import { Gateway, startGivingUp } from './world/gateways.ts';
import { InstancePlace } from './world/instances.ts';
import type { Incident, Scenario } from './world/scenario.ts';
import { World, type WorldOptions } from './world/world.ts';

export interface ScenarioResult {
  readonly violation: Violation | undefined;
  readonly steps: number;
  /** Simulated. */
  readonly tookMs: number;
  readonly injected: readonly Fault[];
}

/** Time limit. Faults and outages end long before. */
const LIMIT_MS = 3_600_000 + 300_000;
const LOOK_MS = 1_000;
/** Time until an instance has written what it has counted. */
const COUNTED_MS = 5_000;
/** How long the simulation continues after the last task, to check late messages. */
const AFTERMATH_MS = 120_000;

/** Plays one scenario to its end, or to the first violation of an invariant. */
export async function runScenario(scenario: Scenario, options: WorldOptions): Promise<ScenarioResult> {
  const world = new World(scenario, options);
  const { engine, oracle, faults } = world;
  const restore = replaceGlobals(engine);
  try {
    const platform = withStats(world, withPlants(world, PLATFORM[scenario.platform](world)));
    const gateways = Array.from({ length: scenario.gateways }, (_, i) => new Gateway(world, platform, i));
    const places = scenario.instances.map((_, i) => new InstancePlace(world, platform, i));
    startGivingUp(world, platform);
    for (const at of gateways.keys()) world.webhooks?.startSender(platform, `sender-${at + 1}`);
    const clients = scenario.clients.map((plan) => new Client(world, gateways, plan));
    const outside = engine.spawn('outside');
    for (const incident of scenario.incidents) {
      engine.after(outside, incident.atMs, () => happen(world, incident, places, gateways));
    }
    let doneMs: number | undefined;
    let quietMs: number | undefined;
    const look = () => {
      if (clients.every(({ isDone }) => isDone)) doneMs ??= engine.now;
      const hasTold = oracle.hasToldAll || engine.now > (doneMs ?? 0) + 2 * MAX_WEBHOOK_MS;
      const isQuiet = !platform.hasMessages || (oracle.hasAllEnded && engine.now > (doneMs ?? 0) + AFTERMATH_MS);
      const isOver = doneMs !== undefined && isQuiet && hasTold;
      if (isOver) quietMs ??= engine.now;
      if (isOver && (!world.statistics || engine.now > (quietMs ?? 0) + COUNTED_MS)) engine.stop();
      else engine.after(outside, LOOK_MS, look);
    };
    engine.after(outside, LOOK_MS, look);
    await engine.run({ untilMs: LIMIT_MS });
    if (doneMs === undefined) oracle.fail('nobody waits for ever', 'A caller still waits for the end of its task.');
    const counted = doneMs === undefined ? undefined : await world.statistics?.total();
    oracle.atEnd({ isDue: (id) => world.webhooks?.isDue(id) ?? false, counted });
  } finally {
    restore();
  }
  return { violation: described(world), steps: engine.steps, tookMs: engine.now, injected: faults.injected };
}

/** The violation, with the names that tasks have in traces. */
function described({ oracle, describe }: World): Violation | undefined {
  return oracle.violation && { ...oracle.violation, what: describe.text(oracle.violation.what) };
}

function withPlants(world: World, platform: SimPlatform): SimPlatform {
  if (!world.hasWrongRows) return platform;
  return {
    connect(actor) {
      const ports = platform.connect(actor);
      return { ...ports, tasks: withWrongRows(ports.tasks, world.engine) };
    },
    get hasMessages() {
      return platform.hasMessages;
    },
  };
}

function withStats({ statistics }: World, platform: SimPlatform): SimPlatform {
  if (!statistics) return platform;
  return {
    connect: (actor) => ({ ...platform.connect(actor), stats: statistics.connect(actor) }),
    get hasMessages() {
      return platform.hasMessages;
    },
  };
}

const PLATFORM = { memory: memoryPlatform, aws: awsPlatform, rabbit: rabbitPlatform } as const;

function happen(
  world: World,
  incident: Incident,
  places: readonly InstancePlace[],
  gateways: readonly Gateway[],
): void {
  switch (incident.what) {
    case 'kill':
      places[incident.instance]?.kill();
      break;
    case 'stop':
      places[incident.instance]?.stop();
      break;
    case 'freeze':
      places[incident.instance]?.freeze(incident.forMs);
      break;
    case 'kill-gateway':
      gateways[incident.gateway]?.kill();
      break;
    case 'outage':
      world.outage(incident.of, incident.forMs);
  }
}
