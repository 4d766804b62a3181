import { join } from 'node:path';
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

/** The place of a service's database in a data folder. */
export const databaseFile = (folder: string, service: string): string => join(folder, `${service}.db`);

const BUCKET = /^s3:\/\/(?<bucket>[^/]+)\/(?<prefix>.*)$/;

/** The bucket of artifacts, and the first part of their keys. Undefined for a folder. */
export function bucketOf(address = ''): { readonly bucket: string; readonly prefix: string } | undefined {
  const { bucket, prefix = '' } = BUCKET.exec(address)?.groups ?? {};
  return bucket === undefined ? undefined : { bucket, prefix };
}

/** The place of the artifacts in a data folder. */
export const artifactsFolder = (folder: string): string => join(folder, 'artifacts');

/** The variables of a lifecycle whose databases and artifacts are files of a folder. */
export const lifecycleFilesIn = (folder: string): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(DATABASE_URLS).map(([service, name]) => [name, databaseFile(folder, service)])),
  [ENV.artifacts]: artifactsFolder(folder),
  [ENV.scratchFolder]: join(folder, 'scratch'),
});
