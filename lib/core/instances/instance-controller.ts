import type { InstanceState } from './instance.ts';

/** How far an instance is: machine and network first, then its image, then the model's own setup. */
export const INSTANCE_PHASES = ['provisioning', 'pulling', 'starting', 'ready', 'draining'] as const;
export type InstancePhase = (typeof INSTANCE_PHASES)[number];

/** An instance as the platform runs it, registered or not yet. */
export interface ControlledInstance {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly variant?: string;
  /** `starting` from launch until it registers as ready. */
  readonly state: InstanceState;
  /** Where the platform can tell more than the state. */
  readonly phase?: InstancePhase;
  readonly image: string;
}

/** Starts and stops instances where the platform runs them: processes here, ECS tasks on AWS, containers in compose. */
export interface InstanceController {
  /** Whether the platform itself takes idle instances away, down to none. @default those of models with `idleSeconds` */
  readonly sleeps?: boolean;
  list(model: string): Promise<readonly ControlledInstance[]>;
  /** Resolves as soon as the launch is under way. Rejects with `model_not_found` for a model that it cannot run. */
  launch(model: string, variant?: string): Promise<ControlledInstance>;
  /** Brings a first instance up where the platform keeps a count of its own. @default `launch` */
  wake?(model: string): Promise<void>;
  /** Asks the instance to drain and stop. Resolves with false when there is no such instance of this model; twice is harmless. */
  stop(model: string, id: string): Promise<boolean>;
}
