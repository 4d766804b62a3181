import type { Service } from '../service.ts';
import { handle } from './handlers.ts';
import { ingest } from './ingest.ts';
import { manifest } from './manifest.ts';
import { findVersion } from './versions.ts';

export const ingestion: Service = { manifest, stages: { ingest }, queries: { version: findVersion }, handle };
