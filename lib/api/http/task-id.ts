const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A UUID: stores are not asked for anything else. */
export const isTaskId = (id: unknown): id is string => typeof id === 'string' && TASK_ID.test(id);
