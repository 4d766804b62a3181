import type { AnsweredCall, Principal } from '#core';
import type { ProxyResult } from './proxy.ts';
import type { Route } from './routes.ts';
import { isTaskId } from './task-id.ts';

/** The properties of an answered request. */
export interface AnsweredRequest {
  readonly route: Pick<Route, 'method' | 'path'>;
  readonly params: Readonly<Record<string, string | undefined>>;
  /** The query parameter `task_id`. */
  readonly taskId: string | undefined;
  readonly requestId: string;
  readonly caller: Principal | undefined;
  readonly bytesIn: number;
  readonly durationMs: number;
}

/** As in the path: `churn`, or a contract version `churn@2`. */
const MODEL = /^\w{1,48}(?:@[1-9]\d{0,2})?$/;

/**
 * The call log entry of a request. Texts from the caller are kept only if they can be the name of a model or the id of
 * a task.
 */
export function callOf(request: AnsweredRequest, status: number, result?: ProxyResult): AnsweredCall {
  const { route, params, caller, requestId, bytesIn, durationMs } = request;
  const ofTask = /\/tasks\/\{id\}/.test(route.path) ? params.id : request.taskId;
  const taskId = (ofTask ?? result?.headers.Location)?.replace(/^\/tasks\//, '');
  const model = MODEL.test(params.model ?? '') ? params.model : undefined;
  return {
    owner: caller?.id ?? '',
    ...(caller?.key === undefined ? {} : { key: caller.key }),
    method: route.method,
    route: route.path,
    ...(model === undefined ? {} : { model }),
    ...(isTaskId(taskId) ? { taskId } : {}),
    status,
    durationMs: Math.round(durationMs * 100) / 100,
    bytesIn,
    bytesOut: result ? sizeOf(result) : 0,
    requestId,
  };
}

const sizeOf = ({ body, isBase64Encoded = false, pieces }: ProxyResult): number =>
  pieces
    ? pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
    : Buffer.byteLength(body, isBase64Encoded ? 'base64' : 'utf8');
