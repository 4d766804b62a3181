import { type HttpRequest, JSON_TYPE, json, negotiate, type ProxyResult } from '#api';
import { type JsonObject, type LifecycleService, ModelyardError } from '#core';
import { jsonBody } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { requireModel } from '../require-model.ts';
import type { ServingLifecycle } from '../service.ts';
import { getConsent, putConsent } from './consents.ts';
import { startDue } from './due.ts';
import { getMetrics } from './metrics.ts';
import { postOutcomes } from './outcomes.ts';
import { readDistributions, readReport } from './read-report.ts';
import { REPORT_PAGE_HEADERS, reportPage } from './report-page.ts';
import { hasSettings, writeSettings } from './settings.ts';

const MAX_LISTED = 1000;
const HTML_TYPE = 'text/html';

type Handle = (lifecycle: ServingLifecycle, request: HttpRequest) => Promise<ProxyResult>;

const getMonitor: Handle = async (lifecycle, request) => {
  const limit = request.query.integer('limit', { min: 1, max: MAX_LISTED }) ?? 100;
  await startDue(lifecycle);
  const model = request.param('model');
  const [report, distributions, versions, alerts] = await Promise.all([
    readReport(lifecycle, { model, limit }),
    readDistributions(lifecycle, model),
    askedList(lifecycle, 'training', 'versions', model),
    askedList(lifecycle, 'alerts', 'alerts', model),
  ]);
  const isEmpty = report.windows.length === 0 && versions.length === 0;
  if (isEmpty && !(await hasSettings(lifecycle, model))) await requireModel(lifecycle, model);
  const wantsPage = negotiate(request.headers.list('accept'), [JSON_TYPE, HTML_TYPE]) === HTML_TYPE;
  if (!wantsPage) return json(200, { ...report, distributions, versions, alerts });
  const body = reportPage({ report, distributions, versions, alerts });
  return { statusCode: 200, headers: REPORT_PAGE_HEADERS, body };
};

/** A list of another service about a model. Empty while that service fails: the page shows the rest. */
async function askedList(
  lifecycle: Lifecycle,
  service: string,
  query: string,
  model: string,
): Promise<readonly JsonObject[]> {
  const answer = await lifecycle.ask(service as LifecycleService, query, { model }).catch(() => ({}) as JsonObject);
  const list = answer[query];
  return Array.isArray(list) ? (list as readonly JsonObject[]) : [];
}

/** Also before the model has started or was trained for the first time. */
const putMonitor: Handle = async (lifecycle, request) =>
  json(200, await writeSettings(lifecycle, request.param('model'), jsonBody(request), request.caller.id));

const HANDLES: Readonly<Record<string, Handle>> = {
  'POST /outcomes': postOutcomes,
  'GET /users/me/consent': getConsent,
  'PUT /users/me/consent': putConsent,
  'GET /lifecycle/metrics': getMetrics,
  'GET /models/{model}/monitor': getMonitor,
  'PUT /models/{model}/monitor': putMonitor,
};

/** Answers the routes of monitoring. */
export async function handle(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const answer = HANDLES[`${request.method} ${request.route}`];
  if (!answer) throw new ModelyardError('route_not_found', 'There is no such route.');
  return answer(lifecycle, request);
}
