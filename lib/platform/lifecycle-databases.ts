import type { LifecycleService } from '#core';
import { ENV, type EnvironmentName } from './environment.ts';

/** The variable that names the database of each service. */
export const DATABASE_URLS: Readonly<Record<LifecycleService, EnvironmentName>> = {
  ingestion: ENV.ingestionDatabaseUrl,
  preprocessing: ENV.preprocessingDatabaseUrl,
  features: ENV.featuresDatabaseUrl,
  training: ENV.trainingDatabaseUrl,
  serving: ENV.servingDatabaseUrl,
  pipelines: ENV.pipelinesDatabaseUrl,
  monitoring: ENV.monitoringDatabaseUrl,
  alerts: ENV.alertsDatabaseUrl,
};
