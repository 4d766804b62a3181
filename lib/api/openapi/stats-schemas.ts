import { STATS_KEPT_MINUTES } from '#core';
import type { StatsBody, SummaryBody } from '../presenters/stats-presenter.ts';
import type { Json } from './message-schemas.ts';
import { jsonResponse, MODEL_PARAMETER, queryParameter, type RouteDocs, schemaRef } from './route-doc.ts';
import { count, list, moment, object, type Properties, text } from './schema-parts.ts';

const duration = (description: string): Json => ({ type: 'number', minimum: 0, description });

const quantiles = (description: string): Json => ({
  anyOf: [
    object('Milliseconds, at most 5 % off.', {
      p50: duration('Half took no longer.'),
      p90: duration('90 of 100 took no longer.'),
      p99: duration('99 of 100 took no longer.'),
    }),
    { type: 'null' },
  ],
  description: `${description} Null if no run ended.`,
});

const SUMMARY = {
  succeeded: count('Tasks that succeeded.'),
  failed: count('Tasks that failed.'),
  canceled: count('Tasks that were canceled.'),
  expired: count('Tasks that expired.'),
  retried: count('Failed attempts that another one followed.'),
  ended: count('Tasks that ended.'),
  queue_ms: quantiles('From the submit to the start of the last run.'),
  run_ms: quantiles('The last run.'),
} satisfies Properties<SummaryBody>;

export const STATS_SCHEMAS: Json = {
  ModelStats: object('How the tasks of a model ended.', {
    model: text('The name of the model.'),
    minutes: count('The number of minutes.'),
    total: object('All minutes.', SUMMARY),
    series: list(
      object('One minute.', { minute: moment('The start of the minute.'), ...SUMMARY }),
      'One entry per minute, oldest first. The last minute has not ended.',
    ),
  } satisfies Properties<StatsBody>),
};

export const STATS_ROUTES = {
  'GET /models/{model}/stats': {
    operationId: 'get_model_stats',
    tag: 'Models',
    description: 'Instances report once a second, on AWS once a minute.',
    parameters: [
      MODEL_PARAMETER,
      queryParameter('minutes', 'The number of minutes, up to now.', {
        type: 'integer',
        minimum: 1,
        maximum: STATS_KEPT_MINUTES,
        default: 15,
      }),
    ],
    responses: { '200': jsonResponse('The statistics.', schemaRef('ModelStats')) },
    problems: ['model_not_found', 'not_acceptable', 'store_unavailable', 'registry_unavailable'],
  },
} as const satisfies RouteDocs;

/** What instances have logged. */
export const LOG_SCHEMAS: Json = {
  LogLines: object('What the instances of a model have logged.', {
    lines: list(
      object('One line.', {
        at: moment('When it was logged.'),
        instance: text('The id of the instance.'),
        level: text('debug, info, warn or error.'),
        message: text('The message.'),
        fields: { type: 'object', additionalProperties: true, description: 'What the line carries besides.' },
      }),
      'Oldest first.',
    ),
  }),
};
