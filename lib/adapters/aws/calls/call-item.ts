import { CALL_RETENTION_MS, type Call, positionOfCall } from '#core';
import { type Item, N, optional, present, readNumber, readString, S } from '../attributes.ts';
import { CALLS_TABLE } from '../resources.ts';
import { ownerKey } from '../tasks/owner-key.ts';

/** The row of a call. Appending the same call again writes the same row. */
export const toCallItem = (call: Call): Item =>
  present({
    ...ownerKey({ ...positionOfCall(call), owner: call.owner }),
    id: S(call.id),
    owner: S(call.owner),
    method: S(call.method),
    route: S(call.route),
    model: optional(call.model, S),
    taskId: optional(call.taskId, S),
    status: N(call.status),
    startedAt: N(call.startedAt),
    durationMs: N(call.durationMs),
    requestId: S(call.requestId),
    [CALLS_TABLE.ttlAttribute]: N(Math.ceil((call.startedAt + CALL_RETENTION_MS) / 1000)),
  });

export const fromCallItem = (item: Item): Call => ({
  id: readString(item, 'id'),
  owner: readString(item, 'owner'),
  method: readString(item, 'method'),
  route: readString(item, 'route'),
  ...(item.model?.S === undefined ? {} : { model: item.model.S }),
  ...(item.taskId?.S === undefined ? {} : { taskId: item.taskId.S }),
  status: readNumber(item, 'status'),
  startedAt: readNumber(item, 'startedAt'),
  durationMs: readNumber(item, 'durationMs'),
  requestId: readString(item, 'requestId'),
});
