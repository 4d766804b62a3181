/**
 * `npm run bench:registry`: calls and time of one listing of models, from 1 to 1,000 instances of 1 to 100 models, with
 * the memory adapter and with the DynamoDB emulator. The times do not predict AWS.
 */
import { createModelDirectory, type Instance, type Model, type ModelRegistry } from '#core';
import { startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createAwsPlatform } from '#platform/aws.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import type { Platform } from '#platform/platform.ts';
import { countAwsCalls } from '#test/support/aws-calls.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const FLEETS = [
  { models: 1, instances: 1 },
  { models: 10, instances: 100 },
  { models: 100, instances: 1000 },
];
const LISTINGS = 1000;
const HASH = 'c'.repeat(64);

const nameOf = (index: number): string => `model_${index}`;

const modelOf = (index: number): Model =>
  aModel({
    name: nameOf(index),
    contracts: [{ hash: HASH, requestMessage: 'models.q.Q', responseMessage: 'models.q.R' }],
  });

const instanceOf = (index: number, models: number): Instance =>
  anInstance({
    id: `0198a000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    model: nameOf(index % models),
    contractHash: HASH,
    serviceMs: 12.3,
    expiresAt: Date.now() + 3_600_000,
  });

async function fill(registry: ModelRegistry, { models, instances }: (typeof FLEETS)[number]): Promise<void> {
  for (let i = 0; i < models; i++) await registry.writeModel(modelOf(i));
  for (let i = 0; i < instances; i++) await registry.putInstance(instanceOf(i, models));
}

/** Queues without cost, so that only the registry is measured. */
function directoryOf(platform: Platform) {
  let snapshots = 0;
  const registry: Pick<ModelRegistry, 'snapshot'> = {
    snapshot() {
      snapshots++;
      return platform.registry.snapshot();
    },
  };
  const depth = async () => ({ visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 });
  const deps = { ...platform, registry: registry as ModelRegistry, queues: () => ({ depth }) as never };
  return { directory: createModelDirectory(deps), snapshots: () => snapshots };
}

async function measure(name: string, platform: Platform, fleet: (typeof FLEETS)[number], calls = countAwsCalls()) {
  await fill(platform.registry, fleet);
  const { directory, snapshots } = directoryOf(platform);
  calls.reset();
  const beforeFirst = performance.now();
  const listed = await directory.active();
  const firstMs = performance.now() - beforeFirst;
  const before = performance.now();
  for (let i = 0; i < LISTINGS; i++) await directory.active();
  const nextUs = ((performance.now() - before) / LISTINGS) * 1000;
  const { 'DynamoDB.Query': queries = 0 } = calls.counts();
  if (listed.length !== fleet.models) throw new Error(`${listed.length} of ${fleet.models} models were listed.`);
  process.stdout.write(
    `${name}, ${fleet.models} models, ${fleet.instances} instances: ${LISTINGS + 1} listings, ${snapshots()} snapshots, ` +
      `${queries} queries; first ${firstMs.toFixed(1)} ms, next ${nextUs.toFixed(0)} µs each\n`,
  );
}

for (const fleet of FLEETS) await measure('memory', createMemoryPlatform(), fleet);

const emulators = await startEmulators();
for (const [i, fleet] of FLEETS.entries()) {
  const calls = countAwsCalls();
  const settings = { ...localAwsSettings(emulators), registryTable: `registry-${i}`, onCall: calls.onCall };
  await provision(settings, []);
  const platform = createAwsPlatform(settings);
  await measure('DynamoDB', platform, fleet, calls);
  await platform.close();
}
await emulators.close();
