import type { MiddlewareObj } from '@middy/core';
import type { HandlerDeps, ProxyContext, ProxyEvent, ProxyResult } from '#api';
import { startDue } from '#lifecycle/due.ts';
import { createHandler as createRoutes } from '#lifecycle/handler.ts';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';

/** What the schedule of the stage sends every minute: the time for which it was planned. */
export interface DueEvent {
  readonly due: string;
}

const MINUTE_MS = 60_000;

/** Answers the routes of the lifecycle, and starts what is due when the schedule says so. */
export function createHandler(deps: HandlerDeps) {
  const routes = createRoutes(deps);

  async function startPlanned({ due }: DueEvent): Promise<undefined> {
    const until = Date.parse(due);
    const lifecycle = await openLifecycle(deps.platform, deps.logger);
    const failed = await startDue(lifecycle, { since: () => until - MINUTE_MS, until });
    // The schedule repeats this minute. What is started twice runs once.
    if (failed.length === 0) return;
    throw new Error(`What is due could not be started: ${failed.join(', ')}.`);
  }

  const handler = async (event: ProxyEvent | DueEvent, context: ProxyContext): Promise<ProxyResult | undefined> =>
    'due' in event ? startPlanned(event) : routes(event, context);
  return Object.assign(handler, { use: (middleware: MiddlewareObj) => routes.use(middleware) });
}
