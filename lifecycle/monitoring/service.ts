import type { JsonObject } from '#core';
import type { Query, Service } from '../service.ts';
import { computeWindow } from './compute-window.ts';
import { startDue } from './due.ts';
import { eraseOwner } from './erase-owner.ts';
import { exportOwner } from './export-owner.ts';
import { findPredictions } from './find-predictions.ts';
import { handle } from './handlers.ts';
import { logBatch } from './log-batch.ts';
import { manifest } from './manifest.ts';
import { type ReportQuery, readReport } from './read-report.ts';
import { rebuildLog } from './rebuild-log.ts';

/** The report on a model: `MonitorReport`. Arguments: `ReportQuery`. */
const monitor: Query = async (lifecycle, args) =>
  (await readReport(lifecycle, args as unknown as ReportQuery)) as unknown as JsonObject;

/** Watches deployed models: their requests, their responses and the outcomes. */
export const monitoring: Service = {
  manifest,
  stages: {
    ...{ log: logBatch, compute: computeWindow, rebuild: rebuildLog, find: findPredictions },
    ...{ erase: eraseOwner, export: exportOwner },
  },
  queries: { monitor },
  tick: startDue,
  handle,
};
