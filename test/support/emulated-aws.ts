import { afterAll, beforeAll } from 'vitest';
import { type Emulators, startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import type { AwsSettings } from '#platform/aws.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import type { FullPlatform } from '#platform/platform.ts';
import { openGate } from './gate.ts';

/** Emulators for the tests of one file, and platforms on them. */
export interface EmulatedAws {
  readonly emulators: Emulators;
  readonly settings: AwsSettings;
  /** A platform with connections of its own, closed after the file. */
  open(overrides?: Partial<AwsSettings>): FullPlatform;
  /** A platform that can be cut off from its emulators. */
  openBehindGate(
    overrides?: Partial<AwsSettings>,
  ): Promise<{ readonly platform: FullPlatform; cutOff(): Promise<void> }>;
  /** Creates the queues of a new model; resolves with its name. */
  newModel(): Promise<string>;
  /** Creates a new registry table; resolves with its name. */
  newRegistryTable(): Promise<string>;
}

/** Call at the top of a test file. Use the properties from `beforeAll` on. */
export function useEmulatedAws(): EmulatedAws {
  let emulators: Emulators;
  let settings: AwsSettings;
  const platforms: FullPlatform[] = [];
  const gates: { shut(): Promise<void> }[] = [];
  let models = 0;
  let registries = 0;

  function open(overrides: Partial<AwsSettings> = {}): FullPlatform {
    const platform = createFullAwsPlatform({ ...settings, ...overrides });
    platforms.push(platform);
    return platform;
  }

  beforeAll(async () => {
    emulators = await startEmulators();
    settings = localAwsSettings(emulators);
    await provision(settings, []);
  });

  afterAll(async () => {
    await Promise.all(platforms.map((platform) => platform.close()));
    await Promise.all(gates.map((gate) => gate.shut()));
    await emulators.close();
  });

  return {
    get emulators() {
      return emulators;
    },
    get settings() {
      return settings;
    },
    open,
    async openBehindGate(overrides = {}) {
      const behind = { ...emulators.endpoints, ...overrides.endpoints };
      const [awsGate, dynamodbGate] = await Promise.all([openGate(behind.sqs), openGate(behind.dynamodb)]);
      gates.push(awsGate, dynamodbGate);
      const endpoints = { sqs: awsGate.url, s3: awsGate.url, dynamodb: dynamodbGate.url };
      return {
        platform: open({ ...overrides, endpoints }),
        async cutOff() {
          await Promise.all([awsGate.shut(), dynamodbGate.shut()]);
        },
      };
    },
    async newModel() {
      models += 1;
      const model = `model_${models}`;
      await provision(settings, [model]);
      return model;
    },
    async newRegistryTable() {
      registries += 1;
      const registryTable = `registry-${registries}`;
      await provision({ ...settings, registryTable }, []);
      return registryTable;
    },
  };
}
