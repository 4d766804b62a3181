export { cancelTask, mayBeCanceled } from './cancel-task.ts';
export {
  getDeadLetter,
  MAX_REDRIVEN,
  type Redriven,
  redriveDeadLetters,
  retryTask,
} from './retry-task.ts';
export { type HistoryEntry, historyOf, MAX_HISTORY } from './task-history.ts';
