import { ENV, readOptional } from './environment.ts';

/** How an instance is known to ECS. */
export interface EcsIdentity {
  /** The last part of the task's ARN: by it the instance is listed and stopped. */
  readonly id: string;
  readonly image: string;
  /** Where it asks not to be stopped. */
  readonly agentUri: string | undefined;
}

/** What is read of the answer of the task metadata endpoint, version 4. */
interface TaskMetadata {
  readonly TaskARN?: string;
  readonly Containers?: readonly { readonly Image?: string }[];
}

const TIMEOUT_MS = 2000;

/** Who this instance is, where it runs as a task of ECS; undefined elsewhere. Rejects when ECS does not say. */
export async function ecsIdentity(env: NodeJS.ProcessEnv): Promise<EcsIdentity | undefined> {
  const endpoint = readOptional(env, ENV.ecsMetadata);
  if (endpoint === undefined) return undefined;
  const response = await fetch(`${endpoint}/task`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const { TaskARN = '', Containers = [] } = (await response.json()) as TaskMetadata;
  const id = TaskARN.slice(TaskARN.lastIndexOf('/') + 1);
  if (id === '') throw new Error('ECS does not say which task this is.');
  return { id, image: Containers[0]?.Image ?? '', agentUri: readOptional(env, ENV.ecsAgent) };
}
