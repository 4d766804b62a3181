import { type AlertChannel, ModelyardError, type WebhookAttempt } from '#core';
import { afterFailure, WEBHOOK_TIMEOUT_MS } from '#core/webhooks';
import type { Lifecycle } from '../lifecycle.ts';
import { alertsDatabase, type DeliveryRow } from './tables.ts';

const MAX_AT_ONCE = 20;
/** Longer than one attempt: another process takes over after it. */
const LEASE_MS = 60_000;
const MAX_ATTEMPTS_KEPT = 15;

/**
 * Sends the reports that are due. Several processes may do so: each takes a report by a condition on its time. A process
 * that dies in between leaves a report to the next one, which sends it with the same id. The reports of an alert reach a
 * channel in their order: a later one waits until the one before was delivered or given up.
 */
export async function deliverReports(lifecycle: Lifecycle): Promise<void> {
  const { query } = await alertsDatabase(lifecycle);
  const due = await query
    .selectFrom('deliveries')
    .selectAll()
    .where('due_at', '<=', lifecycle.platform.clock.now())
    .where(({ exists, not, selectFrom }) => {
      const before = selectFrom('deliveries as before')
        .select('before.id')
        .whereRef('before.fingerprint', '=', 'deliveries.fingerprint')
        .whereRef('before.channel', '=', 'deliveries.channel')
        .where('before.state', '=', 'pending')
        .where(({ and, eb, or, ref }) => {
          const isSameTime = eb('before.created_at', '=', ref('deliveries.created_at'));
          return or([
            eb('before.created_at', '<', ref('deliveries.created_at')),
            and([isSameTime, eb('before.id', '<', ref('deliveries.id'))]),
          ]);
        });
      return not(exists(before));
    })
    // A receiver that hangs takes its time at each try, so what was never tried comes first.
    .orderBy('failures')
    .orderBy('due_at')
    .limit(MAX_AT_ONCE)
    .execute();
  await Promise.all(due.map((row) => deliver(lifecycle, row)));
}

async function deliver(lifecycle: Lifecycle, row: DeliveryRow): Promise<void> {
  const { clock } = lifecycle.platform;
  const { query } = await alertsDatabase(lifecycle);
  const at = clock.now();
  const lease = at + LEASE_MS;
  const own = query.updateTable('deliveries').where('id', '=', row.id);
  const claim = await own.set({ due_at: lease }).where('due_at', '=', row.due_at).executeTakeFirst();
  if (claim.numUpdatedRows !== 1n) return;
  const attempt: WebhookAttempt = { at, ...(await send(lifecycle, row)), durationMs: Math.max(0, clock.now() - at) };
  const attempts = JSON.stringify(
    [...(JSON.parse(row.attempts) as WebhookAttempt[]), attempt].slice(-MAX_ATTEMPTS_KEPT),
  );
  const next = attempt.error === undefined ? undefined : afterFailure(row.failures, attempt);
  const state = attempt.error === undefined ? 'delivered' : next === undefined ? 'failed' : 'pending';
  const failures = row.failures + (attempt.error === undefined ? 0 : 1);
  await own
    .set({ state, attempts, failures, due_at: next ?? null })
    .where('due_at', '=', lease)
    .execute();
}

/** Why it failed, and the status of the answer if there was one. */
async function send(lifecycle: Lifecycle, row: DeliveryRow): Promise<Pick<WebhookAttempt, 'status' | 'error'>> {
  const channel = JSON.parse(row.channel) as AlertChannel;
  const { notifier } = lifecycle.stores;
  try {
    if (channel.kind === 'email') {
      const text = `${JSON.stringify(JSON.parse(row.body), null, 2)}\n`;
      await notifier.sendEmail({ id: row.id, to: channel.to, subject: subjectOf(row), text });
      return {};
    }
    if (channel.kind === 'sns') {
      await notifier.publish({ id: row.id, topic: channel.topic, subject: subjectOf(row), body: row.body });
      return {};
    }
    const at = lifecycle.platform.clock.now();
    const message = { id: row.id, at, body: row.body };
    const headers = await notifier.signatures(lifecycle.platform, row.owner, message);
    const request = {
      url: channel.url,
      method: 'POST',
      body: row.body,
      headers,
      timeoutMs: WEBHOOK_TIMEOUT_MS,
    } as const;
    const { status } = await lifecycle.stores.outbound.send(request);
    return { status, ...(status >= 200 && status < 300 ? {} : { error: `The receiver answered ${status}.` }) };
  } catch (error) {
    if (!(error instanceof ModelyardError)) throw error;
    return { error: error.message };
  }
}

function subjectOf({ body }: DeliveryRow): string {
  const { reason, type } = JSON.parse(body) as { readonly reason: string; readonly type: string };
  return `${type === 'alert.resolved' ? 'Resolved' : 'Alert'}: ${reason}`;
}
