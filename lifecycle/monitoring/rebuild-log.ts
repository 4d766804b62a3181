import { hash } from 'node:crypto';
import { quoted } from '#adapters/duckdb/tables.ts';
import {
  inBatches,
  isLogged,
  LOCAL_PRINCIPAL,
  type LoggedPrediction,
  loadPayload,
  readEnvelope,
  type Task,
} from '#core';
import type { FullPlatform } from '#platform/platform.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { openWorkbench } from '../scratch.ts';
import type { Stage } from '../service.ts';
import { monitoringDatabase } from './database.ts';
import { isRunning, startDue } from './due.ts';
import { storeBatch } from './log-batch.ts';
import { logFile } from './log-file.ts';

const PAGE = 100;
const BATCH = 1000;
/** Tasks are listed by the time of their submit; runs may end much later. */
const LONGEST_RUN_MS = 3_600_000;
/** Batches whose owners are asked for their tasks, besides all registered users. */
const RECENT_BATCHES = 200;

/** The stage `rebuild`: logs predictions from stored tasks whose instance stopped before it sent them. */
export const rebuildLog: Stage = async (lifecycle, { writer: id }, run) => {
  const { query } = await monitoringDatabase(lifecycle);
  const writers = query.selectFrom('log_writers').selectAll().where('writer', '=', String(id));
  const writer = await writers.where('state', '=', 'open').executeTakeFirst();
  if (!writer) return { records: 0 };
  const { model, share, opened_at, lost_since, seen_at } = writer;
  const since = Math.max(opened_at - 1000, (lost_since ?? seen_at) - LONGEST_RUN_MS);
  const { ids, owners } = await readLog(lifecycle, model, since, run.signal);
  const lost: LoggedPrediction[] = [];
  for (const owner of new Set([...owners, ...(await usersOf(lifecycle))])) {
    for (const task of await tasksOf(lifecycle, { owner, model, since })) {
      if (ids.has(task.id) || task.instance !== writer.instance || !isLogged(task.id, share)) continue;
      const record = await recordOf(lifecycle, task);
      if (record) lost.push(record);
    }
  }
  for (const records of inBatches(lost, BATCH)) {
    // The same predictions are the same batch, when this stage runs again.
    const taskId = hash('sha256', records.map(({ id }) => id).join());
    await storeBatch(lifecycle, { model, records, source: 'tasks' }, { taskId, signal: run.signal });
  }
  const own = query.updateTable('log_writers').where('writer', '=', writer.writer);
  if (lost_since !== null) await own.set({ lost_since: null }).where('lost_since', '=', lost_since).execute();
  if (!(await isRunning(lifecycle, writer))) {
    await own.set({ state: 'closed' }).where('seen_at', '=', seen_at).where('lost_since', 'is', null).execute();
  }
  await startDue(lifecycle);
  return { records: lost.length };
};

/** The predictions that are logged since then, with their owners. */
async function readLog(lifecycle: Lifecycle, model: string, since: number, signal: AbortSignal) {
  const { query } = await monitoringDatabase(lifecycle);
  const batches = query.selectFrom('batches').select(['artifact', 'last_at']).where('model', '=', model);
  const rows = await batches.orderBy('last_at', 'desc').limit(RECENT_BATCHES).execute();
  const [ids, owners] = [new Set<string>(), new Set<string>()];
  await using bench = await openWorkbench(lifecycle, signal);
  for (const { artifact, last_at } of rows) {
    const file = quoted(await logFile(lifecycle, artifact));
    const logged = await bench.tables.rows(`SELECT task_id, owner, shadow FROM read_parquet(${file})`);
    for (const { task_id, owner, shadow } of logged) {
      owners.add(String(owner));
      // The answer of a shadow is another record of the same task.
      if (last_at >= since && shadow !== true) ids.add(String(task_id));
    }
  }
  return { ids, owners };
}

/** All registered users, where this process can list them, and the caller of a system without authentication. */
async function usersOf({ platform }: Lifecycle): Promise<readonly string[]> {
  const { users } = platform as Partial<FullPlatform>;
  const ids = [LOCAL_PRINCIPAL.id];
  let cursor: string | undefined;
  do {
    // Recovery: instances may have no access to users; owners in the log are known without it.
    const page = await users?.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }).catch(() => undefined);
    ids.push(...(page?.users ?? []).map(({ id }) => id));
    cursor = page?.nextCursor;
  } while (cursor !== undefined);
  return ids;
}

async function tasksOf(
  { platform }: Lifecycle,
  { owner, model, since }: { readonly owner: string; readonly model: string; readonly since: number },
): Promise<readonly Task[]> {
  const found: Task[] = [];
  let cursor: string | undefined;
  do {
    const query = {
      owner,
      model,
      state: 'succeeded',
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    } as const;
    const page = await platform.tasks.list(query);
    found.push(...page.tasks.filter(({ createdAt }) => createdAt >= since));
    const isOlder = page.tasks.some(({ createdAt }) => createdAt < since);
    cursor = isOlder ? undefined : page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** Undefined for a task without its request, and for one whose payload has expired. */
async function recordOf({ platform }: Lifecycle, listed: Task): Promise<LoggedPrediction | undefined> {
  const task = listed.envelope && listed.result ? listed : await platform.tasks.get(listed.id);
  const envelope = task?.envelope && readEnvelope(task.envelope);
  if (!task?.result || !envelope) return undefined;
  const read = (payload: Parameters<typeof loadPayload>[1]) =>
    loadPayload(platform.blobs, payload).catch(() => undefined);
  const [request, response] = await Promise.all([read(envelope.request), read(task.result.payload)]);
  if (!response) return undefined;
  return {
    ...{ id: task.id, owner: task.owner, at: task.createdAt },
    ...{ contract: task.contractHash, response_contract: task.result.contractHash },
    request: request ? Buffer.from(request).toString('base64') : null,
    response: Buffer.from(response).toString('base64'),
  };
}
