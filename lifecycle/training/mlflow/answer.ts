import type { ArtifactStore } from '#core';
import { ARTIFACT_ENDPOINTS, deleteFiles, hashOf, listFiles, putFile } from './artifact-files.ts';
import { EXPERIMENT_ENDPOINTS } from './experiments.ts';
import { Input } from './input.ts';
import { LOGGED_MODEL_ENDPOINTS } from './logged-models.ts';
import { MlflowError } from './mlflow-error.ts';
import { VERSION_ENDPOINTS } from './model-versions.ts';
import { MODEL_ENDPOINTS } from './registered-models.ts';
import { RUN_ENDPOINTS } from './runs.ts';
import { searchRuns } from './search-runs.ts';
import type { Endpoint, Tracking } from './tracking.ts';

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  ...EXPERIMENT_ENDPOINTS,
  ...RUN_ENDPOINTS,
  'POST runs/search': searchRuns,
  ...MODEL_ENDPOINTS,
  ...VERSION_ENDPOINTS,
  ...LOGGED_MODEL_ENDPOINTS,
  ...ARTIFACT_ENDPOINTS,
};

export interface MlflowRequest {
  readonly method: string;
  /** After `/mlflow/api/2.0/`, decoded. */
  readonly path: string;
  /** Of the body, or of the query. */
  readonly fields: () => Readonly<Record<string, unknown>>;
  readonly bytes: () => Uint8Array;
}

export type MlflowAnswer =
  | { readonly status: number; readonly json: object }
  | { readonly status: number; readonly bytes: Uint8Array };

const ARTIFACTS = 'mlflow-artifacts/artifacts';

/**
 * Answers a request of an MLflow client. Errors that clients know become answers; others are thrown, such as
 * `store_unavailable`.
 */
export async function answerMlflow(
  tracking: Tracking,
  artifacts: ArtifactStore,
  request: MlflowRequest,
): Promise<MlflowAnswer> {
  try {
    if (request.path === ARTIFACTS || request.path.startsWith(`${ARTIFACTS}/`)) {
      return await answerArtifacts(tracking, artifacts, request);
    }
    const { endpoint, parameters } = endpointOf(request);
    return { status: 200, json: await endpoint(tracking, new Input({ ...request.fields(), ...parameters })) };
  } catch (error) {
    if (!(error instanceof MlflowError)) throw error;
    return { status: error.status, json: { error_code: error.code, message: error.message } };
  }
}

async function answerArtifacts(
  tracking: Tracking,
  artifacts: ArtifactStore,
  { method, path: requested, fields, bytes }: MlflowRequest,
): Promise<MlflowAnswer> {
  const path = requested.slice(ARTIFACTS.length + 1);
  if (method === 'GET' && path === '') {
    const folder = new Input(fields()).text('path');
    return { status: 200, json: { files: await listFiles(tracking, folder) } };
  }
  if (method === 'GET') return { status: 200, bytes: await artifacts.read(await hashOf(tracking, path)) };
  if (method === 'PUT') await putFile(tracking, artifacts, { path, bytes: bytes() });
  else if (method === 'DELETE') await deleteFiles(tracking, path);
  else throw unknown(method, requested);
  return { status: 200, json: {} };
}

interface Found {
  readonly endpoint: Endpoint;
  readonly parameters: Readonly<Record<string, string>>;
}

function endpointOf({ method, path }: MlflowRequest): Found {
  const name = `${method} ${path.replace(/^mlflow\//, '')}`;
  const exact = ENDPOINTS[name];
  if (exact) return { endpoint: exact, parameters: {} };
  for (const [pattern, endpoint] of Object.entries(LOGGED_MODEL_ENDPOINTS)) {
    const source = pattern.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const match = new RegExp(`^${source}$`).exec(name);
    if (match) return { endpoint, parameters: { ...match.groups } };
  }
  throw unknown(method, path);
}

const unknown = (method: string, path: string): MlflowError =>
  new MlflowError('ENDPOINT_NOT_FOUND', `This server has no ${method} ${path}.`);
