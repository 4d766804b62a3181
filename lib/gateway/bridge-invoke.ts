import type { Context } from 'aws-lambda';
import type { ProxyContext, ProxyEvent, ProxyHandler, ProxyResult, RoutedHandlerName } from '#api';
import { type Logger, ModelyardError } from '#core';
import { isProxyResult } from './bridge-answer.ts';

export interface Invocation {
  readonly name: RoutedHandlerName;
  readonly handler: ProxyHandler;
  readonly event: ProxyEvent;
  readonly requestId: string;
  readonly timeoutMs: number;
  /** Aborts when the client disconnects or the handler exceeds its time limit. */
  readonly wait: AbortController;
  /** Called with the duration of the model's run. */
  readonly ran?: ((ms: number) => void) | undefined;
  readonly openStream?: ProxyContext['openStream'];
  readonly logger: Logger;
}

/**
 * Runs a handler like API Gateway. Rejects with `gateway_timeout`, or with `bad_gateway` if the handler throws or
 * returns an invalid response.
 */
export async function invoke(invocation: Invocation): Promise<ProxyResult> {
  const { timeoutMs, wait } = invocation;
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    wait.abort();
    reject(new ModelyardError('gateway_timeout', `No response within ${timeoutMs / 1000} seconds.`));
  }, timeoutMs).unref();
  try {
    return await Promise.race([run(invocation), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

async function run(invocation: Invocation): Promise<ProxyResult> {
  const { name, handler, event, requestId, wait, logger, ran, openStream } = invocation;
  try {
    const answer: unknown = await handler(event, {
      ...lambdaContext(invocation),
      signal: wait.signal,
      ...(ran && { ran }),
      ...(openStream && { openStream }),
    });
    if (isProxyResult(answer)) return answer;
    logger.error(`The handler ${name} returned an invalid response.`, { requestId });
  } catch (error) {
    logger.error(`The handler ${name} crashed.`, { requestId, error });
  }
  throw new ModelyardError('bad_gateway', 'The request could not be handled. Retry it.');
}

export interface LambdaRun {
  readonly name: string;
  readonly requestId: string;
  readonly timeoutMs: number;
}

/** The Lambda context of a local invocation. */
export function lambdaContext({ name, requestId, timeoutMs }: LambdaRun): Context {
  const deadline = performance.now() + timeoutMs;
  return {
    awsRequestId: requestId,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    memoryLimitInMB: '0',
    logGroupName: name,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - performance.now()),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
