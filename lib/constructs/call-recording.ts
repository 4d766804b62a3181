import { FilterPattern, type LogGroup, SubscriptionFilter } from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import { Construct } from 'constructs';
import { CALL_FIELD } from '#api/http/metrics.ts';
import type { HandlerFunction } from './handler-function.ts';

export interface CallRecordingProps {
  /** Where handlers write a line per call. */
  readonly log: LogGroup;
  readonly recorder: HandlerFunction;
}

/** Sends the call lines of a log to the function that writes the call log, in batches and without a delay of answers. */
export class CallRecording extends Construct {
  constructor(scope: Construct, id: string, { log, recorder }: CallRecordingProps) {
    super(scope, id);
    new SubscriptionFilter(this, 'Lines', {
      logGroup: log,
      destination: new LambdaDestination(recorder),
      filterPattern: FilterPattern.anyTerm(CALL_FIELD),
    });
  }
}
