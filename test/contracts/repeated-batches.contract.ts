import { describe, expect, it } from 'vitest';
import { createHandlerDeps } from '#api';
import { createHandler } from '#lambdas/submit-batch/handler.ts';
import type { Platform } from '#platform/platform.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { silentLogger as logger } from '#test/support/silent-logger.ts';
import { call } from '../lambdas/api-harness.ts';

const LINES = 60;
const AT_ONCE = 6;
const TIMEOUT_MS = 60_000;

interface Item {
  readonly index: number;
  readonly task_id?: string;
  readonly problem?: { readonly status: number };
}

/** What a caller who repeats a batch may rely on, on every platform. `open`: one for the test, with `model_b`. */
export function repeatedBatchesContract(name: string, open: () => Promise<Platform>): void {
  describe(`the same batch with one Idempotency-Key: ${name}`, () => {
    it('is the same batch, also while the first is being accepted', { timeout: TIMEOUT_MS }, async () => {
      const platform = await open();
      await registerModelB(platform);
      const gateways = [0, 1].map(() => createHandler(createHandlerDeps({ platform, logger, auth: 'none' })));
      const headers = { 'Content-Type': 'application/x-ndjson', 'Idempotency-Key': crypto.randomUUID() };
      const lines = Array.from({ length: LINES }, (_, at) => (at % 2 === 0 ? `{"value": ${at}}` : `{"value": "x"}`));
      const submit = (body = lines.join('\n'), at = 0) =>
        call(gateways[at % 2] ?? createHandler(createHandlerDeps({ platform, logger, auth: 'none' })), {
          ...{ route: '/models/{model}/batches', params: { model: 'model_b' }, headers, body },
        });

      const racing = await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => submit(undefined, at)));
      const later = await submit(undefined, 1);
      const other = await submit('{"value": 1}');

      const answers = [...racing, later];
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 202));
      expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
      const [first = [], ...others] = answers.map(({ json }) => json.items as readonly Item[]);
      expect(first.map(({ problem }) => problem?.status)).toEqual(
        lines.map((_, at) => (at % 2 === 0 ? undefined : 422)),
      );
      expect(new Set(first.flatMap(({ task_id }) => task_id ?? [])).size).toBe(LINES / 2);
      for (const items of others) expect(items).toEqual(first);
      expect(other.json).toMatchObject({ status: 422, type: '/problems/idempotency-conflict' });
      const states = await platform.tasks.heads(first.flatMap(({ task_id }) => task_id ?? []));
      expect(states.map((head) => head?.state)).toEqual(states.map(() => 'queued'));
    });
  });
}
