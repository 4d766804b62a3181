import {
  getTask,
  isTerminal,
  ModelyardError,
  readResult,
  type Task,
  type TaskForecast,
  type TaskLookup,
  waitForTask,
} from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';
import { json } from '../http/http.ts';
import type { HttpRequest } from '../http/http-request.ts';
import { JSON_TYPE, negotiate, PROTOBUF_TYPE } from '../http/negotiation.ts';
import type { ProxyResult } from '../http/proxy.ts';
import type { WaitPreference } from '../http/request-headers.ts';
import { presentTask, taskPath } from './task-presenter.ts';

type AnswerDeps = Pick<HandlerDeps, 'platform' | 'forecast' | 'transcoder'>;
/** A UUID: the store is not asked for anything else. */
const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type FollowDeps = Pick<HandlerDeps, 'models' | 'wakeWhenAsleep' | 'waits'>;

/** Bounds of `Retry-After`, in seconds. */
const MIN_POLL_SECONDS = 1;
const MAX_POLL_SECONDS = 60;

/** 200 when the client waited and the task has ended, otherwise 202. */
export async function submittedAnswer(deps: AnswerDeps, task: Task, wait: AnsweredWait): Promise<ProxyResult> {
  const inTime = isTerminal(task.state) && wait.waitedSeconds > 0;
  return answer(deps, task, { statusCode: inTime ? 200 : 202, wait, headers: { Location: taskPath(task.id) } });
}

/** The preference, and the time that was actually waited for. */
export interface AnsweredWait extends WaitPreference {
  readonly waitedSeconds: number;
}

/**
 * Reads a task for its owner and waits for its end as long as the caller prefers. A queued task wakes its model when
 * that sleeps, because the wake-up at its submit may have failed. Rejects with `task_not_found`.
 */
export async function followTask(
  deps: FollowDeps,
  { caller, signal }: Pick<HttpRequest, 'caller' | 'signal'>,
  { wait, ...asked }: Omit<TaskLookup, 'owner'> & { readonly wait: WaitPreference },
): Promise<Task> {
  if (!TASK_ID.test(asked.id)) throw new ModelyardError('task_not_found', 'There is no such task.');
  const lookup = { ...asked, owner: caller.id };
  const known = await getTask(deps.waits, lookup);
  if (known.state === 'queued') await wakeFor(deps, known);
  return waitForTask(deps.waits, { ...lookup, known, waitMs: (wait.seconds ?? 0) * 1000, signal });
}

export const taskAnswer = (
  deps: AnswerDeps,
  task: Task,
  { statusCode, wait }: { readonly statusCode: number; readonly wait: WaitPreference },
): Promise<ProxyResult> => answer(deps, task, { statusCode, wait, headers: {} });

interface AnswerOptions {
  readonly statusCode: number;
  readonly wait: WaitPreference;
  readonly headers: Readonly<Record<string, string>>;
}

async function answer(
  deps: AnswerDeps,
  task: Task,
  { statusCode, wait, headers }: AnswerOptions,
): Promise<ProxyResult> {
  const ended = isTerminal(task.state);
  const expected = ended ? {} : await deps.forecast(task);
  return json(statusCode, await presentTask(deps, task, expected), {
    ...headers,
    ...(ended ? {} : { 'Retry-After': String(pollSeconds(expected, deps.platform.clock.now())) }),
    ...appliedHeader(task, wait),
  });
}

async function wakeFor({ models, wakeWhenAsleep }: FollowDeps, { model }: Task): Promise<void> {
  // The answer is about the task: while the registry cannot be read, the next read of the task wakes the model.
  const served = await models.served(model).catch(() => undefined);
  if (served) await wakeWhenAsleep(served);
}

function pollSeconds({ endsAt }: TaskForecast, now: number): number {
  const seconds = endsAt === undefined ? MIN_POLL_SECONDS : Math.ceil((endsAt - now) / 1000);
  return Math.min(MAX_POLL_SECONDS, Math.max(MIN_POLL_SECONDS, seconds));
}

/** RFC 7240: only when the preference was applied, so not for a task that has not ended. */
const appliedHeader = ({ state }: Task, { applied }: WaitPreference): Readonly<Record<string, string>> =>
  applied !== undefined && isTerminal(state) ? { 'Preference-Applied': applied } : {};

/** 200 with the result alone, as JSON or protobuf. */
export async function resultAnswer(
  { platform, transcoder }: Pick<HandlerDeps, 'platform' | 'transcoder'>,
  { headers }: Pick<HttpRequest, 'headers'>,
  task: Task,
): Promise<ProxyResult> {
  const type = negotiate(headers.list('accept'), [JSON_TYPE, PROTOBUF_TYPE]);
  const result = await readResult(platform, task);
  if (!result) throw new ModelyardError('internal', `The task ${task.id} succeeded without a result.`);
  if (type === JSON_TYPE) return json(200, await transcoder.responseJson(result.contract, result.bytes), VARIES);
  return {
    statusCode: 200,
    headers: {
      'Content-Type': PROTOBUF_TYPE,
      'Content-Disposition': `attachment; filename="${task.id}.binpb"`,
      ...VARIES,
    },
    body: Buffer.from(result.bytes).toString('base64'),
    isBase64Encoded: true,
  };
}

/** Caches must not mix formats. */
const VARIES = { Vary: 'Accept' } as const;
