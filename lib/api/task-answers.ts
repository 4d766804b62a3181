import { isTerminal, type Task } from '#core';
import type { HandlerDeps } from './handler-deps.ts';
import { json } from './http.ts';
import type { WaitPreference } from './prefer.ts';
import type { ProxyResult } from './proxy.ts';
import { presentTask, taskPath } from './task-presenter.ts';

type AnswerDeps = Pick<HandlerDeps, 'platform'>;

/** When it is worth asking again about a task that has not ended: whole seconds. */
const POLL_SECONDS = 1;

/** The answer to a submit: 200 when the caller waited and the task ended, 202 otherwise. */
export async function submittedAnswer({ platform }: AnswerDeps, task: Task, wait: AnsweredWait): Promise<ProxyResult> {
  const inTime = isTerminal(task.state) && wait.waitedSeconds > 0;
  return json(inTime ? 200 : 202, await presentTask(platform, task), {
    Location: taskPath(task.id),
    ...pollHeaders(task),
    ...appliedHeader(task, wait),
  });
}

/** A submit's wait: what the caller preferred, and for how long it was to wait in the end. */
export interface AnsweredWait extends WaitPreference {
  readonly waitedSeconds: number;
}

/** The task as it is. */
export async function taskAnswer(
  { platform }: AnswerDeps,
  task: Task,
  { statusCode, wait }: { readonly statusCode: number; readonly wait: WaitPreference },
): Promise<ProxyResult> {
  return json(statusCode, await presentTask(platform, task), { ...pollHeaders(task), ...appliedHeader(task, wait) });
}

const pollHeaders = ({ state }: Task): Readonly<Record<string, string>> =>
  isTerminal(state) ? {} : { 'Retry-After': String(POLL_SECONDS) };

/** RFC 7240: said only when the preference made a difference, so not for a task that has not ended in time. */
const appliedHeader = ({ state }: Task, { applied }: WaitPreference): Readonly<Record<string, string>> =>
  applied !== undefined && isTerminal(state) ? { 'Preference-Applied': applied } : {};
