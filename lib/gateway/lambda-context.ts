import type { Context } from 'aws-lambda';

export interface LambdaRun {
  /** The function's name. */
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
