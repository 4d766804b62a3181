import { type HandlerDeps, httpHandler } from '#api';
import { exposeModels } from './exposition.ts';

/** `GET /metrics` for Prometheus: costs no more than a listing of the models does, from the same cache. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function getMetrics() {
      const { text, contentType } = await exposeModels(await deps.models.all(), deps.platform.clock.now());
      return { statusCode: 200, headers: { 'Content-Type': contentType }, body: text };
    },
    // There is one text format here; scrapers ask for newer ones first.
    { produces: '*' },
  );
