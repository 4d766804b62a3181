import type { JsonObject } from '#core';
import { userStages } from '../export-user.ts';
import type { Service } from '../service.ts';
import { handle } from './handlers.ts';
import { ingest, ingestInputs } from './ingest.ts';
import { manifest } from './manifest.ts';
import { findVersion } from './versions.ts';

export const ingestion: Service = {
  manifest,
  stages: {
    ingest,
    ...userStages(manifest, [
      { table: 'datasets', key: 'name', columns: ['created_by'] },
      { table: 'versions', key: 'id', columns: ['created_by'] },
    ]),
  },
  inputs: {
    // The first file gives the schema.
    ingest: { read: ingestInputs, left: ({ version }) => ({ schema: (version as JsonObject).schema ?? null }) },
  },
  queries: { version: findVersion },
  handle,
};
