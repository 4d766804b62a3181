import { ENV, readChoice, readInteger, readOptional, readRequired } from './environment.ts';

/** Settings of a model instance besides those of its platform. */
export interface InstanceSettings {
  /** A folder below `model-containers/models`, or an absolute path. */
  readonly model: string;
  readonly variant: string | undefined;
  readonly id: string | undefined;
  /** The Python that runs a model in Python, with the model's packages. */
  readonly python: string;
  /** Where the container of the model listens, when it runs already. */
  readonly containerUrl: string | undefined;
  readonly image: string;
  readonly endpoint: string | undefined;
  readonly health: { readonly host: string; readonly port: number };
  readonly leaseSeconds: number;
  /** Whether `idleSeconds` of the manifest has no effect. */
  readonly staysWhenIdle: boolean;
  readonly stopTimeoutMs: number;
  /** The share of the answers of a versioned model that goes into the prediction log, 0 to 1. */
  readonly logShare: number;
}

/** Throws an error that names the missing or malformed variable. */
export function instanceSettingsFrom(env: NodeJS.ProcessEnv): InstanceSettings {
  return {
    model: readRequired(env, ENV.model),
    variant: readOptional(env, ENV.variant),
    id: readOptional(env, ENV.instanceId),
    python: readOptional(env, ENV.python) ?? 'python3',
    containerUrl: readOptional(env, ENV.containerUrl),
    image: readOptional(env, ENV.image) ?? 'local process',
    endpoint: readOptional(env, ENV.endpoint),
    health: {
      host: readOptional(env, ENV.healthHost) ?? '127.0.0.1',
      port: readInteger(env, ENV.healthPort, { min: 0, max: 65_535, default: 0 }),
    },
    leaseSeconds: readInteger(env, ENV.leaseSeconds, { min: 1, max: 43_200, default: 30 }),
    staysWhenIdle: readChoice(env, ENV.whenIdle, ['stop', 'stay']) === 'stay',
    // ECS allows at most 120 s between SIGTERM and SIGKILL. The rest is for releasing tasks and deregistration.
    stopTimeoutMs: 1000 * readInteger(env, ENV.stopSeconds, { min: 0, max: 3600, default: 110 }),
    logShare: readInteger(env, ENV.predictionLog, { min: 0, max: 100, default: 100 }) / 100,
  };
}

/** The identity of an instance that runs as an ECS task. */
export interface EcsIdentity {
  /** The last part of the task's ARN. */
  readonly id: string;
  readonly image: string;
  /** The ECS agent's endpoint for task protection. */
  readonly agentUri: string | undefined;
}

/** The fields that are read from the task metadata endpoint, version 4. */
interface TaskMetadata {
  readonly TaskARN?: string;
  readonly Containers?: readonly { readonly Image?: string }[];
}

const TIMEOUT_MS = 2000;

/** Undefined outside ECS. Rejects when the metadata endpoint does not answer within 2 s. */
export async function ecsIdentity(env: NodeJS.ProcessEnv): Promise<EcsIdentity | undefined> {
  const endpoint = readOptional(env, ENV.ecsMetadata);
  if (endpoint === undefined) return undefined;
  const response = await fetch(`${endpoint}/task`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const { TaskARN = '', Containers = [] } = (await response.json()) as TaskMetadata;
  const id = TaskARN.slice(TaskARN.lastIndexOf('/') + 1);
  if (id === '') throw new Error('ECS does not say which task this is.');
  return { id, image: Containers[0]?.Image ?? '', agentUri: readOptional(env, ENV.ecsAgent) };
}
