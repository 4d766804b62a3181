import type { InstanceState } from './instance.ts';

/** Phases of a start, in order: machine and network, image, setup of the model. */
export const INSTANCE_PHASES = ['provisioning', 'pulling', 'starting', 'ready', 'draining'] as const;
export type InstancePhase = (typeof INSTANCE_PHASES)[number];

/** An instance as the platform reports it. It may not be registered yet. */
export interface ControlledInstance {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly variant?: string;
  /** `starting` until it registers as ready. */
  readonly state: InstanceState;
  /** Undefined where the platform reports no more than the state. */
  readonly phase?: InstancePhase;
  readonly image: string;
}

/** Starts and stops instances: processes, ECS tasks or containers. */
export interface InstanceController {
  /** Whether the platform itself stops idle instances, down to zero. @default only models with `idleSeconds` sleep */
  readonly sleeps?: boolean;
  list(model: string): Promise<readonly ControlledInstance[]>;
  /** Resolves when the launch has begun. Rejects with `model_not_found` for a model that it cannot run. */
  launch(model: string, variant?: string): Promise<ControlledInstance>;
  /** Starts the first instance where the platform has a desired count. @default `launch` */
  wake?(model: string): Promise<void>;
  /** Drains and stops the instance. Idempotent. Resolves with false when the model has no such instance. */
  stop(model: string, id: string): Promise<boolean>;
}
