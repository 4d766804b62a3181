import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export class CollectorSchedule extends Construct {
  constructor(scope: Construct, id: string, { collector }: { readonly collector: IFunction }) {
    super(scope, id);
    const rule = new Rule(this, 'EveryMinute', {
      description: 'Publishes active models, live instances and backlogs',
      schedule: Schedule.rate(Duration.minutes(1)),
    });
    // No retries: the next minute publishes correct values.
    rule.addTarget(new LambdaFunction(collector, { retryAttempts: 0, maxEventAge: Duration.minutes(1) }));
    acknowledge(rule, {
      'Serverless-EventBusDLQ':
        'A minute that was missed is worth nothing later: the next run publishes current numbers.',
    });
  }
}
