/** The fields of API responses that the console reads. */

export type Role = 'user' | 'operator' | 'admin';

export interface Index {
  readonly auth: 'none' | 'jwt' | 'oidc';
  readonly registration: 'open' | 'closed' | null;
  readonly routes: readonly { readonly method: string; readonly path: string; readonly role: string }[];
}

export interface Me {
  readonly id: string;
  readonly username: string;
  readonly role: Role;
  readonly limits?: Limits;
}

/** Null: no limit. */
export type Limits = Readonly<Record<string, number | null>>;

export interface Model {
  readonly name: string;
  readonly state: 'active' | 'asleep' | 'failing';
  readonly live_instances: number;
  readonly backlog: number | null;
  readonly contract_version: number;
  readonly default_version: number | null;
  readonly request_message: string | null;
  readonly response_message: string | null;
  /** Null unless its start fails. */
  readonly failure?: { readonly reason: string; readonly count: number; readonly last_at: string | null } | null;
  /** For operators; counted up to 1,000. */
  readonly dead_letters?: number | null;
}

export type JsonSchema = { readonly [keyword: string]: unknown };

export interface DetailedModel extends Model {
  readonly description: string;
  readonly variants: readonly string[];
  readonly limits: Readonly<Record<string, number | boolean | null>>;
  readonly schemas: { readonly request: JsonSchema; readonly response: JsonSchema };
}

export interface Instance {
  readonly id: string;
  readonly model: string;
  readonly state: string;
  readonly phase: string | null;
  readonly condition: string | null;
  readonly variant: string | null;
  readonly started_at: string | null;
  readonly last_heartbeat_at: string | null;
  readonly slots: number | null;
  readonly in_flight: number | null;
  readonly service_ms: number | null;
  readonly memory_mib: number | null;
  /** Of the weights. */
  readonly version: string | null;
  readonly image: string;
}

export const TASK_STATES = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'] as const;

export interface Task {
  readonly id: string;
  readonly model: string;
  readonly state: (typeof TASK_STATES)[number];
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly attempts: number;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  readonly timings: { readonly queued_ms?: number; readonly run_ms?: number; readonly total_ms?: number };
  readonly position?: number;
  readonly estimated_start?: string;
  readonly result?: unknown;
  /** To a result that no answer carries. */
  readonly links?: { readonly result?: string; readonly result_protobuf?: string };
  readonly progress?: Progress;
  /** Whose it is, where an admin sees the tasks of others. */
  readonly user_id?: string;
}

interface Progress {
  readonly fraction: number | null;
  readonly message: string | null;
}

export interface TaskPage {
  readonly tasks: readonly Task[];
  readonly next_cursor: string | null;
}

export interface User {
  readonly id: string;
  readonly username: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly limits: Limits;
  readonly created_at: string;
}

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly last_used_at: string | null;
  readonly scopes: readonly string[] | null;
  readonly models: readonly string[] | null;
}

export const isOver = ({ state }: Pick<Task, 'state'>): boolean => state !== 'queued' && state !== 'running';
