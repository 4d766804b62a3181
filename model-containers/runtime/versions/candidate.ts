import { type Candidate, isInShare, keyOf, type RoutedTask } from '#core';
import type { Lane } from './lane.ts';
import type { Shadow } from './shadow.ts';

/** A canary or a shadow with its process. */
export interface RunningCandidate {
  readonly lane: Lane;
  readonly candidate: Candidate;
  readonly shadow: Shadow | undefined;
}

/** Whether a task is one of those that a canary answers or a shadow runs. */
export const isRoutedTo = ({ key, share, version: salt }: Candidate, task: RoutedTask): boolean =>
  isInShare(keyOf(task, key), { salt, share });
