/** Every state a task can be in, in the order of its life. The last four are terminal. */
export const TASK_STATES = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'] as const;

export type TaskState = (typeof TASK_STATES)[number];
export type TerminalState = 'succeeded' | 'failed' | 'canceled' | 'expired';

const TERMINAL: ReadonlySet<TaskState> = new Set<TerminalState>(['succeeded', 'failed', 'canceled', 'expired']);

/** Nothing that happens later changes a task in such a state. */
export const isTerminal = (state: TaskState): state is TerminalState => TERMINAL.has(state);
