import { type Call, DAY_MS, type ListPosition, positionOfCall } from '#core';
import { type Item, N, optional, present, readNumber, readString, S } from '../attributes.ts';
import { CALLS_TABLE } from '../resources.ts';
import { ownerKey } from '../tasks/owner-window.ts';

/** The name of the list of everybody's calls of a day, in place of an owner. No owner has a name with a space. */
export const listOfDay = ({ createdAt }: Pick<ListPosition, 'createdAt'>): string =>
  `calls of ${new Date(createdAt).toISOString().slice(0, 10)}`;

export const startOfDay = ({ createdAt }: ListPosition): number => createdAt - (createdAt % DAY_MS);

/** The position in the list of everybody's calls at which the day before ends. */
export const dayBefore = (position: ListPosition): ListPosition => ({ createdAt: startOfDay(position) - 1, id: '~' });

/** The rows of a call. Appending the same call again writes the same rows. */
export function toCallItems(call: Call, retentionMs: number): readonly Item[] {
  const position = positionOfCall(call);
  const lists = [call.owner, listOfDay(position)];
  return lists.map((owner) => ({ ...ownerKey({ ...position, owner }), ...toAttributes(call, retentionMs) }));
}

const toAttributes = (call: Call, retentionMs: number): Item =>
  present({
    id: S(call.id),
    owner: S(call.owner),
    key: optional(call.key, S),
    method: S(call.method),
    route: S(call.route),
    model: optional(call.model, S),
    taskId: optional(call.taskId, S),
    status: N(call.status),
    startedAt: N(call.startedAt),
    durationMs: N(call.durationMs),
    bytesIn: N(call.bytesIn),
    bytesOut: N(call.bytesOut),
    requestId: S(call.requestId),
    [CALLS_TABLE.ttlAttribute]: N(Math.ceil((call.startedAt + retentionMs) / 1000)),
  });

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
