// Apart from the index of the core: functions that only submit tasks load none of it.
export {
  type ClearedField,
  type EventEffect,
  type EventGuard,
  effectOf,
  type TaskChanges,
} from '../tasks/event-effects.ts';
export { applyEvent, isUntouched } from '../tasks/task-events.ts';
