/** One text of a source file in place of another, which must be there exactly once. */
export interface SourceChange {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A defect that the simulation must find. */
export interface Plant {
  readonly defect: string;
  /** What puts it into the code under test. */
  readonly changes: readonly SourceChange[];
  /** The task store of the simulation answers now and then with another task's row. */
  readonly hasWrongRows?: boolean;
}

const READ_BATCH = 'lib/core/batches/read-batch.ts';
const RETRY = 'lib/core/tasks/retry-task.ts';
const SUBMIT = 'lib/core/tasks/submit-task.ts';
const MODEL_LIFE = 'model-containers/runtime/worker/model-life.ts';
const REPEAT = '  return isConfirmed(existing) ? existing : resend(deps, existing, command);';

/** Defects that the code has had, and one of a store. */
export const PLANTS = {
  'poison-charges-neighbours': {
    defect: 'a crash is charged to every request in the process',
    changes: [
      {
        file: MODEL_LIFE,
        find: "(this.#unanswered === 1 ? 'guilty' : 'repeat-alone')",
        replace: "'guilty'",
      },
    ],
  },
  'accepted-before-sent': {
    defect: 'a repeated submit is accepted while the first may still fail',
    changes: [{ file: SUBMIT, find: REPEAT, replace: '  return existing;' }],
  },
  'message-without-hash': {
    defect: 'a message does not tell which request its task was created with',
    changes: [{ file: SUBMIT, find: '    requestHash: task.requestHash,\n    copy,', replace: '    copy,' }],
  },
  'repeats-send-again': {
    defect: 'every repeat after a minute sends another message',
    changes: [
      {
        file: SUBMIT,
        find: REPEAT,
        replace: `  const isOld = existing.state === 'queued' && task.createdAt - existing.createdAt > 60_000;
  if (isConfirmed(existing) && isOld) await enqueue(deps, existing, command, 0);
${REPEAT}`,
      },
    ],
  },
  'one-timeout-ends-a-batch': {
    defect: 'a short timeout of one request ends the process of a whole batch',
    changes: [
      { file: MODEL_LIFE, find: '        if (tracked.notAborted > 0) return;\n', replace: '' },
      { file: MODEL_LIFE, find: '      if (!isLate && !areAllAborted) continue;\n', replace: '' },
    ],
  },
  'own-clocks': {
    defect: 'processes go by their own clocks, which may be wrong',
    changes: [{ file: 'lib/core/clock.ts', find: '    if (receivedAt < sentAt) return;', replace: '    return;' }],
  },
  'blind-readers': {
    defect: 'instances run requests of which they would lose a part',
    changes: [
      {
        file: 'lib/core/instances/request-gate.ts',
        find: "if (await canRead(own.hash, request)) return { verdict: 'run' };",
        replace: "if (request !== undefined) return { verdict: 'run' };",
      },
    ],
  },
  'slow-hand-over': {
    defect: 'a request waits minutes for a reader that has a free slot',
    changes: [
      {
        file: 'lib/core/instances/request-gate.ts',
        find: '  return hasRoom ? 1 : Math.min(MAX_PAUSE_SECONDS, 2 ** (round - 1));',
        replace: '  return hasRoom ? 200 : MAX_PAUSE_SECONDS * round;',
      },
    ],
  },
  'retries-keep-attempts': {
    defect: 'a task that is retried has used its attempts already',
    changes: [
      {
        file: 'lib/core/tasks/event-effects.ts',
        find: "changes: { state: 'queued', fence: 0, attempts: 0, round, deadlineAt, ...",
        replace: "changes: { state: 'queued', fence: 0, round, deadlineAt, ...",
      },
    ],
  },
  'batches-trust-the-queue': {
    defect: 'an item of a batch is accepted although the queue has refused its message',
    changes: [
      {
        file: 'lib/adapters/aws/queue/send-many.ts',
        find: 'if (!confirmed.has(at)) faults[at] =',
        replace: 'if (confirmed.size === 0) faults[at] =',
      },
    ],
  },
  'events-of-one-round': {
    defect: 'who follows a task that is retried misses the progress of the next round',
    changes: [
      {
        file: 'lib/core/tasks/follow-events.ts',
        find: '{ round, history: seen.history, told: 0, state: 0 }',
        replace: '{ ...seen, round, state: 0 }',
      },
    ],
  },
  'webhooks-of-last-rounds': {
    defect: 'a retry forgets the end that its webhook has not told yet',
    changes: [
      {
        file: RETRY,
        find: "  if (webhooks) await (await import('../webhooks/webhook-records.ts')).keepEnd({ webhooks, clock }, task);\n",
        replace: '  void webhooks;\n',
      },
    ],
  },
  'redeliveries-at-rest': {
    defect: 'an end that is to be sent again wakes no sender',
    changes: [
      {
        file: 'lib/core/webhooks/webhook-records.ts',
        find: '{ ...withDelivery(record, sentAgain(delivery, now)), dueAt: now }',
        replace: 'withDelivery(record, sentAgain(delivery, now))',
      },
    ],
  },
  'rotations-without-overlap': {
    defect: 'a secret does not sign any more as soon as it is replaced',
    changes: [
      {
        file: 'lib/core/webhooks/webhook-secrets.ts',
        find: '{ ...fresh(), previous: known.secret, previousUntil: now + SECRET_OVERLAP_MS }',
        replace: 'fresh()',
      },
    ],
  },
  'uploads-by-size': {
    defect: 'an upload is taken if it has the announced size, whatever its bytes are',
    changes: [
      {
        file: 'lib/core/tasks/transfers.ts',
        find: "passed === size && hash.digest('hex') === sha256",
        replace: 'passed === size',
      },
    ],
  },
  'lists-without-ties': {
    defect: 'tasks of the same millisecond are lost between two pages of a list',
    changes: [{ file: 'lib/core/lists.ts', find: '  return a.id > b.id ? -1 : 1;', replace: '  return 0;' }],
  },
  'late-cancels-counted': {
    defect: 'statistics count the cancel of a task that has ended',
    changes: [
      {
        file: 'lib/core/tasks/cancel-task.ts',
        find: "if (outcome === 'applied') await countEnd(stats, task.model, { state: 'canceled', at: clock.now() });\n  else throw",
        replace:
          "await countEnd(stats, task.model, { state: 'canceled', at: clock.now() });\n  if (outcome !== 'applied') throw",
      },
    ],
  },
  'places-of-unstored-tasks': {
    defect: 'the place of a task is free until the task is stored',
    changes: [
      {
        file: 'lib/core/tasks/backlog-places.ts',
        find: 'now > at + STORED_WITHIN_MS',
        replace: 'now >= at',
      },
    ],
  },
  'places-never-free': {
    defect: 'the places of tasks that have started or ended stay taken',
    changes: [
      {
        file: 'lib/core/tasks/backlog-places.ts',
        find: "head.state !== 'queued' || now >= head.deadlineAt",
        replace: "head.state === 'expired'",
      },
    ],
  },
  'found-requests-dropped': {
    defect: 'the message of an expired task is dropped though a retry waits for its request',
    changes: [
      {
        file: RETRY,
        find: 'return repeat(deps, task, envelope).catch(unlessChanged);',
        replace: 'return void unlessChanged;',
      },
    ],
  },
  'tasks-of-strangers': {
    defect: 'a task is told to who knows its id',
    changes: [{ file: 'lib/core/tasks/read-tasks.ts', find: 'task?.owner !== owner ||', replace: '!task ||' }],
  },
  'batches-of-strangers': {
    defect: 'a batch is told to who knows its id',
    changes: [{ file: READ_BATCH, find: 'batch?.owner === owner &&', replace: 'owner && batch &&' }],
  },
  'counts-of-tasks-only': {
    defect: 'the counts of a batch leave out what was refused',
    changes: [
      {
        file: READ_BATCH,
        find: "counts[head ? stateAt(head, now) : 'refused'] += 1",
        replace: 'if (head) counts[stateAt(head, now)] += 1',
      },
    ],
  },
  'results-of-neighbours': {
    defect: 'an item of a batch has the result of the one before',
    changes: [
      {
        file: READ_BATCH,
        find: 'deps.tasks.get(itemTaskId(id, index))',
        replace: 'deps.tasks.get(itemTaskId(id, Math.max(0, index - 1)))',
      },
    ],
  },
  'retries-forget-attempts': {
    defect: 'the last attempt before a retry is not in the history, if its instance died or time was up',
    changes: [{ file: RETRY, find: '...(last ? { last } : {}) };', replace: '};' }],
  },
  'redriven-by-owners': {
    defect: 'the history says that the owner of a task has redriven it',
    changes: [
      {
        file: RETRY,
        find: "{ type: 'redriven', by, origin,",
        replace: "{ type: 'redriven', by: letter.owner, origin,",
      },
    ],
  },
  'redriven-twice': {
    defect: 'two redrives at once send a message each, and instances run both',
    changes: [
      {
        file: RETRY,
        find: "  if (outcome !== 'applied') throw refusal('It has changed in the meantime.');\n  const request",
        replace: '  void outcome;\n  const request',
      },
      {
        file: 'lib/core/tasks/judge-delivery.ts',
        find: 'fence === 1 && copy === 0 && round === 0 &&',
        replace: 'fence === 1 && copy === 0 &&',
      },
    ],
  },
  'first-dead-letters-only': {
    defect: 'a list of dead letters ends with its first page',
    changes: [
      {
        file: 'lib/adapters/memory/tasks/memory-task-store.ts',
        find: 'const last = matching.length > limit ? tasks.at(-1) : undefined;',
        replace: 'const last: Task | undefined = undefined;',
      },
    ],
  },
  'newest-delivery-only': {
    defect: 'the deliveries of a task are listed with their last attempt only',
    changes: [
      {
        file: 'lib/core/webhooks/webhook.ts',
        find: '[...delivery.attempts, attempt].slice(-MAX_ATTEMPTS_KEPT)',
        replace: '[attempt]',
      },
    ],
  },
  'groups-of-owners': {
    defect: 'the messages of an owner are in one group of SQS, whatever their priority is',
    changes: [
      {
        file: 'lib/adapters/aws/queue/sqs-task-queue.ts',
        find: 'groupId(flowOf(group, priority))',
        replace: 'groupId(flowOf(group))',
      },
    ],
  },
  'wrong-rows': {
    defect: "a store that answers with another task's row",
    changes: [],
    hasWrongRows: true,
  },
} as const satisfies Readonly<Record<string, Plant>>;

export type PlantName = keyof typeof PLANTS;
