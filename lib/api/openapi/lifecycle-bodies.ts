import { ALERT_KINDS, ERROR_METRICS, LATENCY_METRICS, ROUTING_KEYS } from '#core';
import type { Json } from './message-schemas.ts';
import { count, list, moment, text, truth } from './schema-parts.ts';

const choice = (description: string, values: readonly string[]): Json => ({
  type: 'string',
  enum: [...values],
  description,
});
const number = (description: string, limits: Json = {}): Json => ({ type: 'number', ...limits, description });
const SHARE = { minimum: 0, maximum: 1 };

/** An object without other fields. */
const body = (description: string, properties: Json, required: readonly string[] = []): Json => ({
  type: 'object',
  description,
  properties,
  ...(required.length > 0 ? { required: [...required] } : {}),
  additionalProperties: false,
});

const variant = (kind: string, field: string, description: string): Json =>
  body(description, { kind: { type: 'string', const: kind }, [field]: text(description) }, ['kind', field]);

const ROLLBACK = body('A rollback.', {
  version: { type: ['string', 'integer'], description: 'The version that is rolled back. Another one is a conflict.' },
});

/** The bodies of routes that decide about versions, and about their monitoring and alerts. */
export const LIFECYCLE_BODIES: Readonly<Record<string, Json>> = {
  'POST /models/{model}/deployments': body(
    'A deployment.',
    {
      version: { type: ['string', 'integer'], description: 'A version of the model, or one of its aliases.' },
      force: truth('Deploys the version although the gate refuses it.'),
      min_improvement: number('Share by which the error must be lower than that of the deployed version.', SHARE),
      strategy: choice('Which tasks the version answers. All by default.', ['all', 'canary', 'shadow']),
      share: number('Share of the tasks, 0.1 for a canary and 1 for a shadow.', { exclusiveMinimum: 0, maximum: 1 }),
      key: choice('The value whose hash selects the tasks. The task by default.', ROUTING_KEYS),
      guard_seconds: number('How long the version before takes over if this one fails, 60 by default.', {
        ...{ minimum: 0, maximum: 86_400 },
      }),
      rule: body('When the version is promoted or rolled back.', {
        min_samples: { type: 'integer', minimum: 1, description: 'Tasks that it must have ended, 200 by default.' },
        min_seconds: number('Time before it is promoted, 60 by default.', { minimum: 0 }),
        max_error_rate: number('Highest failed share above that of the other version, 0.05 by default.', SHARE),
        max_latency_ratio: number('Highest ratio of the p95 latencies, 3 by default.', { minimum: 1 }),
        max_latency_ms: number('Highest p95 latency.', { exclusiveMinimum: 0 }),
        on_drift: truth('Whether drift rolls it back. True by default.'),
        promote: truth('Whether it is promoted by this rule. True for a canary by default.'),
      }),
    },
    ['version'],
  ),
  'POST /models/{model}/rollback': ROLLBACK,
  'POST /models/{model}/deployments/rollback': ROLLBACK,
  'POST /outcomes': body(
    'Outcomes of predictions.',
    {
      outcomes: {
        ...list(
          body(
            'One outcome.',
            {
              task_id: text('The id of the prediction.'),
              value: { type: ['number', 'string', 'boolean'], description: 'The true value.' },
            },
            ['task_id', 'value'],
          ),
        ),
        ...{ minItems: 1, maxItems: 1000 },
      },
    },
    ['outcomes'],
  ),
  'PUT /users/me/consent': body(
    'A consent.',
    {
      prediction_log: choice('What is logged of your predictions.', ['full', 'answers', 'none']),
      erase: truth('Whether what was logged before is deleted. False by default.'),
    },
    ['prediction_log'],
  ),
  'PUT /models/{model}/monitor': body('Settings. Fields that are missing get their defaults.', {
    window_seconds: count('Length of a window, 3,600 by default.'),
    grace_seconds: count('How long a window waits for predictions after its end, 120 by default.'),
    min_predictions: count('Windows with fewer predictions are not tested for drift, 30 by default.'),
    tests: {
      type: 'object',
      description: 'Tests of features other than the default ones, by feature.',
      additionalProperties: body('A test.', {
        statistic: choice('The statistic.', ['ks', 'chisquare', 'z', 'wasserstein', 'jensenshannon', 'psi']),
        threshold: number('A lower p-value is drift, or a distance of at least this.', { exclusiveMinimum: 0 }),
      }),
    },
  }),
  'PUT /alert-rules/{rule}': body(
    'A rule.',
    {
      kind: choice('What raises alerts.', ALERT_KINDS),
      model: text('Only this model.'),
      feature: text('Only this feature, for drift.'),
      metric: choice('For errors and latencies.', [...ERROR_METRICS, ...LATENCY_METRICS]),
      threshold: number('The limit of the metric, the share of failures, or the number of missing windows.'),
      window_seconds: number('The span that is judged, for failures and latencies.', { multipleOf: 60, minimum: 60 }),
      min_tasks: count('Spans with fewer tasks are not judged.'),
      resolve_after: count('Good windows in a row that resolve an alert, 1 by default.'),
      repeat_seconds: number('Pause between two reports of an alert, a day by default.', { minimum: 60 }),
      channels: {
        ...list({
          oneOf: [
            variant('webhook', 'url', 'The URL of a webhook.'),
            variant('email', 'to', 'An address.'),
            variant('sns', 'topic', 'The ARN of a topic of Amazon SNS.'),
          ],
        }),
        maxItems: 10,
      },
    },
    ['kind'],
  ),
  'POST /silences': body('A silence. It needs `seconds` or `ends_at`.', {
    rule: text('Only alerts of this rule.'),
    model: text('Only alerts of this model.'),
    feature: text('Only alerts of this feature.'),
    comment: text('Why.'),
    starts_at: moment('Now by default.'),
    seconds: count('How long it lasts.'),
    ends_at: moment('When it ends.'),
  }),
};
