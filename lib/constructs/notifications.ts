import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** Who is told when an alarm changes. An `https` endpoint is, for example, a webhook of a pager or of a chat. */
export type Subscriber =
  | { readonly kind: 'email'; readonly address: string }
  | { readonly kind: 'https'; readonly url: string };

export interface NotificationsProps {
  readonly stage: string;
  readonly prefix: string;
  readonly alarms: readonly Alarm[];
  readonly subscribers: readonly Subscriber[];
  /** Tells the subscribers when the forecast of the stage's cost in a month passes this many US dollars. @default none */
  readonly monthlyBudget?: number | undefined;
}

/** The topic of a stage: every alarm and the budget tell it, and it tells the subscribers. */
export class Notifications extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: NotificationsProps) {
    super(scope, id);
    const { stage, prefix, alarms, subscribers, monthlyBudget } = props;
    this.topic = new Topic(this, 'Topic', { topicName: `${prefix}alarms`, enforceSSL: true });
    for (const [at, subscriber] of subscribers.entries()) {
      this.topic.addSubscription({ bind: () => ({ subscriberId: `Subscriber${at}`, ...subscriptionOf(subscriber) }) });
    }
    for (const alarm of alarms) {
      alarm.addAlarmAction(new SnsAction(this.topic));
      alarm.addOkAction(new SnsAction(this.topic));
    }
    if (monthlyBudget !== undefined) this.#watchCost(stage, prefix, monthlyBudget);
  }

  /** Counts what carries the tag `stage`, which must be activated once as a cost allocation tag. */
  #watchCost(stage: string, prefix: string, amount: number): void {
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('budgets.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
      }),
    );
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `${prefix}month`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:stage$${stage}`] },
      },
      notificationsWithSubscribers: [
        {
          notification: { notificationType: 'FORECASTED', comparisonOperator: 'GREATER_THAN', threshold: 100 },
          subscribers: [{ subscriptionType: 'SNS', address: this.topic.topicArn }],
        },
      ],
    });
  }
}

const subscriptionOf = (subscriber: Subscriber) =>
  subscriber.kind === 'email'
    ? { protocol: SubscriptionProtocol.EMAIL, endpoint: subscriber.address }
    : { protocol: SubscriptionProtocol.HTTPS, endpoint: subscriber.url };
