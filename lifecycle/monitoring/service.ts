import type { JsonObject } from '#core';
import type { Query, Service } from '../service.ts';
import { handle } from './handlers.ts';
import { manifest } from './manifest.ts';
import { type ReportQuery, readReport } from './read-report.ts';

/** The report on a model: `MonitorReport`. Arguments: `ReportQuery`. */
const monitor: Query = async (lifecycle, args) =>
  (await readReport(lifecycle, args as unknown as ReportQuery)) as unknown as JsonObject;

/** Watches deployed models: what they are asked, what they answer, and what has become true. */
export const monitoring: Service = {
  manifest,
  stages: {},
  queries: { monitor },
  handle,
};
