export { cancelTask, mayBeCanceled } from './cancel-task.ts';
export {
  decodePosition,
  type EventPosition,
  encodePosition,
  type FollowEventsDeps,
  followEvents,
  hasSeenEnd,
  NOTHING_SEEN,
  reachedPosition,
  type TaskFollowEvent,
} from './follow-events.ts';
export {
  getDeadLetter,
  keepFoundRequest,
  MAX_REDRIVEN,
  type Redriven,
  redriveDeadLetters,
  retryTask,
} from './retry-task.ts';
export { type HistoryEntry, historyOf, MAX_HISTORY } from './task-history.ts';
