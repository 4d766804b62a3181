import {
  type EncodedResult,
  exactAddress,
  getTask,
  isLinked,
  isTerminal,
  ModelyardError,
  readResult,
  type ServedModel,
  type Task,
  type TaskForecast,
  type TaskLookup,
} from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';
import { json } from '../http/http.ts';
import type { HttpRequest } from '../http/http-request.ts';
import { PROTOBUF_TYPE } from '../http/negotiation.ts';
import type { ProxyResult } from '../http/proxy.ts';
import type { WaitPreference } from '../http/request-headers.ts';
import { isTaskId } from '../http/task-id.ts';
import { linksOf, presentTask, taskPath } from './task-presenter.ts';
import { waitWhileUseful, wakesTooLate } from './worthwhile-wait.ts';

type AnswerDeps = Pick<HandlerDeps, 'platform' | 'forecast' | 'transcoder'>;
type FollowDeps = Pick<HandlerDeps, 'models' | 'wakeWhenAsleep' | 'waits' | 'platform' | 'forecast'>;

/** Bounds of `Retry-After`, in seconds. */
const MIN_POLL_SECONDS = 1;
const MAX_POLL_SECONDS = 60;

/** 200 when the client waited and the task has ended, otherwise 202. */
export async function submittedAnswer(deps: AnswerDeps, task: Task, wait: AnsweredWait): Promise<ProxyResult> {
  const inTime = isTerminal(task.state) && wait.waitedSeconds > 0;
  const statusCode = inTime ? 200 : 202;
  const headers = { Location: taskPath(task.id) };
  return answer(deps, task, { statusCode, wait, headers, more: { task_id: task.id } });
}

/** The preference, and the time that was actually waited for. */
export interface AnsweredWait extends WaitPreference {
  readonly waitedSeconds: number;
}

/**
 * Reads a task for its owner and waits for its end as long as the caller prefers. A queued task wakes its model when
 * that sleeps, because the wake-up at its submit may have failed. Where waiting is scarce, a wait in vain ends early.
 * Rejects with `task_not_found`.
 */
export async function followTask(
  deps: FollowDeps,
  { caller, signal }: Pick<HttpRequest, 'caller' | 'signal'>,
  { wait, ...asked }: Omit<TaskLookup, 'owner'> & { readonly wait: WaitPreference },
): Promise<Task> {
  assertTaskId(asked.id);
  const lookup = { ...asked, owner: caller.id };
  const known = await getTask(deps.waits, lookup);
  const served = known.state === 'queued' ? await wakeModelOf(deps, known) : undefined;
  // A wait would end before the model starts.
  const waitMs = served && wakesTooLate(deps, served) ? 0 : (wait.seconds ?? 0) * 1000;
  return waitWhileUseful(deps, { ...lookup, known, waitMs, signal });
}

/** The id in the path. Throws `task_not_found` for text that is no id. */
export function taskIdOf(request: Pick<HttpRequest, 'param'>): string {
  const id = request.param('id');
  assertTaskId(id);
  return id;
}

function assertTaskId(id: string): void {
  if (!isTaskId(id)) throw new ModelyardError('task_not_found', 'There is no such task.');
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
  /** Members besides those of the task. */
  readonly more?: Readonly<Record<string, string>>;
}

async function answer(
  deps: AnswerDeps,
  task: Task,
  { statusCode, wait, headers, more }: AnswerOptions,
): Promise<ProxyResult> {
  const ended = isTerminal(task.state);
  const expected = ended ? {} : await deps.forecast(task);
  return json(
    statusCode,
    { ...(await presentTask(deps, task, expected)), ...more },
    {
      ...headers,
      ...(ended ? {} : retryLater(expected, deps.platform.clock.now())),
      ...appliedHeader(task, wait),
    },
  );
}

const retryLater = (expected: TaskForecast, now: number) => ({ 'Retry-After': String(pollSeconds(expected, now)) });

/** The answer of the result route to a task that has not ended. */
export async function inProgressAnswer(deps: AnswerDeps, task: Task): Promise<ProxyResult> {
  const expected = await deps.forecast(task);
  return json(202, { task_id: task.id, status: 'in_progress' }, retryLater(expected, deps.platform.clock.now()));
}

/**
 * Wakes the model of a task if it sleeps. Resolves with it, and with undefined without the registry: the next read of the
 * task wakes it then.
 */
export async function wakeModelOf(
  { models, wakeWhenAsleep }: Pick<HandlerDeps, 'models' | 'wakeWhenAsleep'>,
  { model }: Pick<Task, 'model'>,
): Promise<ServedModel | undefined> {
  const served = await models.served(exactAddress(model)).catch(() => undefined);
  if (served) await wakeWhenAsleep(served);
  return served;
}

function pollSeconds({ endsAt }: TaskForecast, now: number): number {
  const seconds = endsAt === undefined ? MIN_POLL_SECONDS : Math.ceil((endsAt - now) / 1000);
  return Math.min(MAX_POLL_SECONDS, Math.max(MIN_POLL_SECONDS, seconds));
}

/** RFC 7240: only when the preference was applied, so not for a task that has not ended. */
const appliedHeader = ({ state }: Task, { applied }: WaitPreference): Readonly<Record<string, string>> =>
  applied !== undefined && isTerminal(state) ? { 'Preference-Applied': applied } : {};

/** 200 with the bare response message, or 303 to where a large one is. */
export async function messageAnswer({ platform }: Pick<HandlerDeps, 'platform'>, task: Task): Promise<ProxyResult> {
  if (isLinked(task)) {
    const { result_protobuf = '' } = await linksOf(platform, task);
    return { statusCode: 303, headers: { Location: result_protobuf, ...VARIES }, body: '' };
  }
  const { bytes } = await resultOf(platform, task);
  return {
    statusCode: 200,
    headers: {
      'Content-Type': PROTOBUF_TYPE,
      'Content-Disposition': `attachment; filename="${task.id}.binpb"`,
      ...VARIES,
    },
    body: Buffer.from(bytes).toString('base64'),
    isBase64Encoded: true,
  };
}

/** The result of a task that succeeded. */
export async function resultOf(platform: HandlerDeps['platform'], task: Task): Promise<EncodedResult> {
  const result = await readResult(platform, task);
  if (!result) throw new ModelyardError('internal', `The task ${task.id} succeeded without a result.`);
  return result;
}

/** Caches must not mix formats. */
export const VARIES = { Vary: 'Accept' } as const;
