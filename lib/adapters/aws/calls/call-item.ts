import type { Call } from '#core';
import { type Item, readNumber, readString } from '../attributes.ts';

/** Reads a row of an earlier build, which is one call. */
export const fromCallItem = (item: Item): Call => ({
  id: readString(item, 'id'),
  owner: readString(item, 'owner'),
  ...(item.key?.S === undefined ? {} : { key: item.key.S }),
  method: readString(item, 'method'),
  route: readString(item, 'route'),
  ...(item.model?.S === undefined ? {} : { model: item.model.S }),
  ...(item.taskId?.S === undefined ? {} : { taskId: item.taskId.S }),
  status: readNumber(item, 'status'),
  startedAt: readNumber(item, 'startedAt'),
  durationMs: readNumber(item, 'durationMs'),
  // Rows of earlier builds have no sizes.
  bytesIn: Number(item.bytesIn?.N ?? 0),
  bytesOut: Number(item.bytesOut?.N ?? 0),
  requestId: readString(item, 'requestId'),
});
