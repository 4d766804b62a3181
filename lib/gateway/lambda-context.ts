import type { Context } from 'aws-lambda';

export interface LambdaRun {
  /** Of the function. */
  readonly name: string;
  readonly requestId: string;
  readonly timeoutMs: number;
}

/** What Lambda tells a handler about its run, as far as this machine knows it. */
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
