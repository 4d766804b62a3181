import { Stack } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { SlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ManagedPolicy, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** The subscribers of alarms. An `https` endpoint is, for example, a webhook of a pager or of a chat. */
export type Subscriber =
  | { readonly kind: 'email'; readonly address: string }
  | { readonly kind: 'https'; readonly url: string }
  /**
   * A channel of a Slack workspace that was authorized once in the console of Amazon Q Developer in chat applications
   * (AWS Chatbot). Both are ids, such as T0123ABCD and C0123ABCD.
   */
  | { readonly kind: 'slack'; readonly workspace: string; readonly channel: string };

/** Read only, like everything that this channel may do. */
const CHANNEL_POLICY = 'CloudWatchReadOnlyAccess';

export interface NotificationsProps {
  readonly stage: string;
  readonly prefix: string;
  readonly alarms: readonly Alarm[];
  readonly subscribers: readonly Subscriber[];
  /**
   * Notifies the subscribers when the forecast of the stage's monthly cost exceeds this many US dollars. @default none
   */
  readonly monthlyBudget?: number | undefined;
}

export const alarmsTopicName = (prefix: string): string => `${prefix}alarms`;

/** The topic of a stage, to which alarms and the budget publish. */
export class Notifications extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: NotificationsProps) {
    super(scope, id);
    const { stage, prefix, alarms, subscribers, monthlyBudget } = props;
    this.topic = new Topic(this, 'Topic', { topicName: alarmsTopicName(prefix), enforceSSL: true });
    // A topic with a policy has none of the default permissions any more.
    const conditions = { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } };
    this.topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com', { conditions }));
    for (const [at, subscriber] of subscribers.entries()) {
      if (subscriber.kind === 'slack') this.#tellChannel(`${prefix}${at}`, `Channel${at}`, subscriber);
      else subscribe(this.topic, subscriber, `Subscriber${at}`);
    }
    for (const alarm of alarms) {
      alarm.addAlarmAction(new SnsAction(this.topic));
      alarm.addOkAction(new SnsAction(this.topic));
    }
    if (monthlyBudget !== undefined) this.#watchCost(stage, prefix, monthlyBudget);
  }

  /** Messages of the topic as messages of a channel, whose members may look at metrics and alarms. */
  #tellChannel(name: string, id: string, { workspace, channel }: Subscriber & { readonly kind: 'slack' }): void {
    const configuration = new SlackChannelConfiguration(this, id, {
      slackChannelConfigurationName: name,
      slackWorkspaceId: workspace,
      slackChannelId: channel,
      notificationTopics: [this.topic],
      guardrailPolicies: [ManagedPolicy.fromAwsManagedPolicyName(CHANNEL_POLICY)],
    });
    configuration.role?.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName(CHANNEL_POLICY));
    acknowledge(configuration, {
      [`AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${CHANNEL_POLICY}]`]:
        'A channel looks at metrics and alarms of the account, and AWS keeps this policy current.',
    });
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

type Address = Exclude<Subscriber, { readonly kind: 'slack' }>;

function subscribe(topic: Topic, subscriber: Address, subscriberId: string): void {
  const subscription = subscriptionOf(subscriber);
  const added = topic.addSubscription({ bind: () => ({ subscriberId, ...subscription }) });
  acknowledge(added, {
    'Serverless-SNSRedrivePolicy':
      'SNS repeats a message for hours, and an alarm without a message is still on the dashboard.',
  });
}

/**
 * The topic to which the rules of a stage's lifecycle report. It tells the subscribers of the stage that have an
 * address.
 */
export class AlertsTopic extends Topic {
  constructor(
    scope: Construct,
    id: string,
    { prefix, subscribers }: Pick<NotificationsProps, 'prefix' | 'subscribers'>,
  ) {
    super(scope, id, { topicName: `${prefix}alerts`, enforceSSL: true });
    for (const [at, subscriber] of subscribers.entries()) {
      if (subscriber.kind !== 'slack') subscribe(this, subscriber, `Subscriber${at}`);
    }
  }
}

const subscriptionOf = (subscriber: Address) =>
  subscriber.kind === 'email'
    ? { protocol: SubscriptionProtocol.EMAIL, endpoint: subscriber.address }
    : { protocol: SubscriptionProtocol.HTTPS, endpoint: subscriber.url };
