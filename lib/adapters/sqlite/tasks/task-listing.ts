import { cursorsOf, type DeadLetterQuery, type TaskPage, type TaskQuery } from '#core';
import type { Database } from '../database/database.ts';
import { CHANGING, FIXED, type TaskRow, toTask } from './task-row.ts';

interface Place {
  readonly number: number;
  readonly id: string;
  readonly model: string;
  readonly state: string;
  readonly created_at: number;
  readonly retained_until: number;
}

/** Maximum number of rows that a filtered page scans, so that a rare match does not block the process. */
const MAX_FILTERED = 1000;

/** One page of an owner's tasks. A page may be short although there is a next one. */
export function listTasks(
  database: Database,
  { owner, model, state, limit, cursor }: TaskQuery,
  now: number,
): TaskPage {
  const cursors = cursorsOf({ of: 'tasks', owner });
  const after = cursors.after(cursor);
  const maxSeen = model === undefined && state === undefined ? limit : MAX_FILTERED;
  // One extra row shows whether there is a next page.
  const seen = database.all<Place>(selectPlaces(maxSeen + 1), owner, ...positionOf(after));
  const matches = (place: Place) =>
    place.retained_until > now &&
    (model === undefined || place.model === model) &&
    (state === undefined || place.state === state);
  const page: Place[] = [];
  let last: Place | undefined;
  for (const place of seen.slice(0, maxSeen)) {
    if (page.length === limit) break;
    if (matches(place)) page.push(place);
    last = place;
  }
  const hasMore = last !== undefined && last !== seen.at(-1);
  const tasks = page.flatMap(({ number }) => database.all<TaskRow>(SELECT_ROW, number)).map(toTask);
  return {
    tasks,
    ...cursors.next(last && hasMore ? { id: last.id, createdAt: last.created_at } : undefined),
  };
}

/** The position before the newest task. */
const positionOf = (after: { readonly id: string; readonly createdAt: number } | undefined): [number, string] =>
  after ? [after.createdAt, after.id] : [Number.MAX_SAFE_INTEGER, ''];

const selectPlaces = (max: number): string => `
  SELECT number, id, model, state, created_at, retained_until FROM tasks
  WHERE owner = ? AND (created_at, id) < (?, ?)
  ORDER BY created_at DESC, id DESC LIMIT ${Math.floor(max)}
`;

const SELECT_ROW = `SELECT ${[...FIXED, ...CHANGING].join(', ')} FROM tasks WHERE number = ?`;

/** One page of the tasks of a model that were given up, by the time of their end. */
export function listDeadLetters(database: Database, { model, limit, cursor }: DeadLetterQuery, now: number): TaskPage {
  const cursors = cursorsOf({ of: 'dead-letters', owner: model });
  const rows = database.all<TaskRow>(selectDeadLetters(limit + 1), model, now, ...positionOf(cursors.after(cursor)));
  const tasks = rows.slice(0, limit).map(toTask);
  const last = rows.length > limit ? tasks.at(-1) : undefined;
  return { tasks, ...cursors.next(last && { id: last.id, createdAt: last.endedAt ?? 0 }) };
}

const selectDeadLetters = (max: number): string => `
  SELECT ${[...FIXED, ...CHANGING].join(', ')} FROM tasks
  WHERE model = ? AND retained_until > ? AND dead_letter IS NOT NULL AND (ended_at, id) < (?, ?)
  ORDER BY ended_at DESC, id DESC LIMIT ${Math.floor(max)}
`;
