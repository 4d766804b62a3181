import type { QueueDepth } from './task-queue.ts';

/** Whether a queue has tasks that are not dead letters; those in flight too, because what an instance loses comes back. */
export const holdsTasks = ({ visible, delayed, inFlight }: QueueDepth): boolean => visible + delayed + inFlight > 0;
