import { EVENTS_TYPE, type HandlerDeps, type HttpRequest, type ProxyResult } from '#api';
import { listTasks, listTasksOfAll, readsAsOperator } from '#core';
import { otherOwners } from '#lambdas/list-tasks/owners.ts';
import { openChanges } from './change-stream.ts';
import { modelReader } from './model-changes.ts';
import { type ReadPage, taskReader } from './task-changes.ts';
import { Topic } from './topic.ts';

const KINDS = ['tasks', 'models'] as const;
const PAUSE_MS = 500;

/**
 * Answers `GET /events` by a stream of what changes: the tasks of the caller, for admins those of all, and the models. All
 * streams of one list share its reads.
 */
export function createChanges(deps: HandlerDeps) {
  const { platform, waits } = deps;
  const { clock } = platform;
  const topics = new Map<string, Topic>();
  const topicOf = (key: string, create: () => Topic): Topic => {
    for (const [known, topic] of topics) if (!topic.isFollowed) topics.delete(known);
    const topic = topics.get(key) ?? create();
    topics.set(key, topic);
    return topic;
  };
  const tasksOf = (key: string, readPage: ReadPage, showsOwners: boolean) =>
    topicOf(key, () => {
      const read = taskReader(waits, { readPage, showsOwners });
      return new Topic({ read, clock, tellsAll: false, pauseMs: PAUSE_MS });
    });

  function modelTopic(request: HttpRequest): Topic {
    const isOperator = readsAsOperator(request.caller);
    return topicOf(isOperator ? 'models and instances' : 'models', () => {
      const read = modelReader(deps, isOperator);
      return new Topic({ read, clock, tellsAll: true, pauseMs: PAUSE_MS });
    });
  }

  async function taskTopic(request: HttpRequest): Promise<Topic> {
    const { caller } = request;
    const owners = await otherOwners(deps, request);
    if (!owners)
      return tasksOf(`tasks of ${caller.id}`, (page) => listTasks(waits, { ...page, owner: caller.id }), false);
    // Users come and go while their tasks are followed.
    const readPage: ReadPage = async (page) =>
      listTasksOfAll(waits, { ...page, owners: (await otherOwners(deps, request)) ?? [] });
    return tasksOf(request.query.flag('all') ? 'tasks of all' : `tasks for admins of ${owners.join()}`, readPage, true);
  }

  return async function streamChanges(request: HttpRequest): Promise<ProxyResult> {
    const of = request.query.word('of', KINDS);
    if (!request.openStream) return { statusCode: 204, headers: {}, body: '' };
    const followed = await Promise.all([
      ...(of === 'models' ? [] : [taskTopic(request)]),
      ...(of === 'tasks' ? [] : [modelTopic(request)]),
    ]);
    const { signal, close } = request.openStream(request.caller);
    const stream = await openChanges({ topics: followed, clock, signal, close });
    return { statusCode: 200, headers: { 'Content-Type': EVENTS_TYPE, 'X-Accel-Buffering': 'no' }, body: '', stream };
  };
}
