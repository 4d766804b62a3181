import { JSON_SUFFIX, LINKED_SUFFIX, type Task, type Transfers } from '#core';
import { JSON_TYPE, PROTOBUF_TYPE } from '../http/negotiation.ts';
import type { ResultLinks } from './task-presenter.ts';

/** Links to a result that no answer carries. */
export async function resultLinks(
  { transfers }: { readonly transfers?: Transfers },
  { id, result }: Task,
): Promise<ResultLinks> {
  if (!transfers || result?.payload.kind !== 'blob') return {};
  const { key } = result.payload;
  const [json, binary] = await Promise.all([
    key.endsWith(LINKED_SUFFIX)
      ? transfers.addressToGet(`${key}${JSON_SUFFIX}`, { type: JSON_TYPE, fileName: `${id}.json` })
      : undefined,
    transfers.addressToGet(key, { type: PROTOBUF_TYPE, fileName: `${id}.binpb` }),
  ]);
  return { ...(json ? { result: json.url } : {}), result_protobuf: binary.url };
}
