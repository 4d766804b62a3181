import { ENV, readOptional } from './environment.ts';

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
