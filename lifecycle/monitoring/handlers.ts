import { type HttpRequest, json, type ProxyResult } from '#api';
import { ModelyardError } from '#core';
import type { ServingLifecycle } from '../service.ts';
import { readReport } from './read-report.ts';

const MAX_LISTED = 1000;

/** Answers the routes of monitoring. */
export async function handle(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  if (request.method !== 'GET') throw new ModelyardError('route_not_found', 'There is no such route.');
  const limit = request.query.integer('limit', { min: 1, max: MAX_LISTED }) ?? 100;
  return json(200, await readReport(lifecycle, { model: request.param('model'), limit }));
}
