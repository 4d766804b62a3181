import { Duration, Stack } from 'aws-cdk-lib';
import {
  AdjustmentType,
  CfnScalingPolicy,
  ScalableTarget,
  ServiceNamespace,
  StepScalingAction,
} from 'aws-cdk-lib/aws-applicationautoscaling';
import { Alarm, ComparisonOperator, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DEFAULTS, limitsOf } from '#catalog/manifest.ts';
import { BACKLOG_PER_INSTANCE, backlogParts, waitingForNobody } from './metrics.ts';
import type { ModelService } from './model-service.ts';

export interface ModelScalingProps {
  readonly model: ModelService;
  readonly cluster: ICluster;
  /** Instances that stay while idle. */
  readonly minInstances: number;
  readonly stage: string;
  /** First part of the names of alarms and policies. */
  readonly prefix: string;
}

/** Waiting tasks per slot before another instance is started. */
const ROUNDS_WAITING = 2;
const SCALE_OUT_COOLDOWN = Duration.seconds(30);
/** Long, because the next start costs a cold start. */
const SCALE_IN_COOLDOWN = Duration.minutes(5);

/** Scales from zero to `maxInstances` by waiting and running tasks per instance. */
export class ModelScaling extends Construct {
  constructor(scope: Construct, id: string, props: ModelScalingProps) {
    super(scope, id);
    const { model, cluster, minInstances } = props;
    const target = new ScalableTarget(this, 'Instances', {
      serviceNamespace: ServiceNamespace.ECS,
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: `service/${cluster.clusterName}/${model.service.serviceName}`,
      role: scalersOwn(this),
      minCapacity: minInstances,
      maxCapacity: limitsOf(model.manifest).maxInstances,
    });
    this.#trackBacklog(target, props);
    this.#startFromNone(target, props);
  }

  /** The L2 construct does not support metric math in target tracking. */
  #trackBacklog(target: ScalableTarget, { model, stage, prefix }: ModelScalingProps): void {
    const { manifest, queues } = model;
    const parts = Object.entries(backlogParts(stage, manifest.name, queues));
    new CfnScalingPolicy(this, 'BacklogPerInstance', {
      policyName: `${prefix}${manifest.name}-backlog-per-instance`,
      policyType: 'TargetTrackingScaling',
      scalingTargetId: target.scalableTargetId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue: (manifest.slots ?? DEFAULTS.slots) * ROUNDS_WAITING,
        scaleOutCooldown: SCALE_OUT_COOLDOWN.toSeconds(),
        scaleInCooldown: SCALE_IN_COOLDOWN.toSeconds(),
        customizedMetricSpecification: {
          metrics: [
            ...parts.map(([partId, metric]) => ({ id: partId, returnData: false, metricStat: metricStat(metric) })),
            { id: 'backlogPerInstance', expression: BACKLOG_PER_INSTANCE, returnData: true },
          ],
        },
      },
    });
  }

  /** Used when the submit handler could not wake the model. */
  #startFromNone(target: ScalableTarget, { model, stage, prefix }: ModelScalingProps): void {
    const { manifest, queues } = model;
    const alarm = new Alarm(this, 'WaitingForNobody', {
      alarmName: `${prefix}${manifest.name}-waiting-for-nobody`,
      alarmDescription: `Tasks wait for ${manifest.name} and no instance is live: starts one. Runbook: waiting-for-nobody.`,
      metric: waitingForNobody(stage, manifest.name, queues),
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 2,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const start = new StepScalingAction(this, 'StartOne', {
      scalingTarget: target,
      adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
      cooldown: Duration.minutes(3),
    });
    start.addAdjustment({ adjustment: 1, lowerBound: 0 });
    alarm.addAlarmAction(new ApplicationScalingAction(start));
  }
}

/** The service-linked role of ECS scaling. AWS uses it whatever role is given. */
const scalersOwn = (scope: Construct) =>
  Role.fromRoleArn(
    scope,
    'Role',
    Stack.of(scope).formatArn({
      service: 'iam',
      region: '',
      resource: 'role/aws-service-role/ecs.application-autoscaling.amazonaws.com',
      resourceName: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
    }),
  );

const metricStat = ({ namespace, metricName, dimensions = {}, statistic }: Metric) => ({
  stat: statistic,
  metric: {
    namespace,
    metricName,
    dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
  },
});
