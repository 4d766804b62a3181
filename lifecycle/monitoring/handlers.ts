import { type HttpRequest, json, type ProxyResult } from '#api';
import { ModelyardError } from '#core';
import { jsonBody } from '../json-body.ts';
import type { ServingLifecycle } from '../service.ts';
import { getConsent, putConsent } from './consents.ts';
import { startDue } from './due.ts';
import { postOutcomes } from './outcomes.ts';
import { readReport } from './read-report.ts';
import { writeSettings } from './settings.ts';

const MAX_LISTED = 1000;

type Handle = (lifecycle: ServingLifecycle, request: HttpRequest) => Promise<ProxyResult>;

const getMonitor: Handle = async (lifecycle, request) => {
  const limit = request.query.integer('limit', { min: 1, max: MAX_LISTED }) ?? 100;
  await startDue(lifecycle);
  return json(200, await readReport(lifecycle, { model: request.param('model'), limit }));
};

const putMonitor: Handle = async (lifecycle, request) =>
  json(200, await writeSettings(lifecycle, request.param('model'), jsonBody(request), request.caller.id));

const HANDLES: Readonly<Record<string, Handle>> = {
  'POST /outcomes': postOutcomes,
  'GET /users/me/consent': getConsent,
  'PUT /users/me/consent': putConsent,
  'GET /models/{model}/monitor': getMonitor,
  'PUT /models/{model}/monitor': putMonitor,
};

/** Answers the routes of monitoring. */
export async function handle(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const answer = HANDLES[`${request.method} ${request.route}`];
  if (!answer) throw new ModelyardError('route_not_found', 'There is no such route.');
  return answer(lifecycle, request);
}
