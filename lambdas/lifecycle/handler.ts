import type { MiddlewareObj } from '@middy/core';
import type { HandlerDeps, ProxyContext, ProxyEvent, ProxyResult } from '#api';
import { startDue } from '#lifecycle/due.ts';
import { createHandler as createRoutes } from '#lifecycle/handler.ts';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';

/** The event of the schedule of the stage, every minute: its planned time. */
export interface DueEvent {
  readonly due: string;
}

const MINUTE_MS = 60_000;

/** Answers the routes of the lifecycle, and starts due work at the event of the schedule. */
export function createHandler(deps: HandlerDeps) {
  const routes = createRoutes(deps);

  async function startPlanned({ due }: DueEvent): Promise<undefined> {
    const until = Date.parse(due);
    const lifecycle = await openLifecycle(deps.platform, deps.logger);
    const failed = await startDue(lifecycle, { since: until - MINUTE_MS, until });
    // The schedule retries this minute. Starting work twice runs it once.
    if (failed.length === 0) return;
    throw new Error(`Due work could not be started: ${failed.join(', ')}.`);
  }

  const handler = async (event: ProxyEvent | DueEvent, context: ProxyContext): Promise<ProxyResult | undefined> =>
    'due' in event ? startPlanned(event) : routes(event, context);
  return Object.assign(handler, { use: (middleware: MiddlewareObj) => routes.use(middleware) });
}
