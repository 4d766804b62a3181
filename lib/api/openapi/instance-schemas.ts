import { INSTANCE_PHASES, INSTANCE_STATES, MODEL_CONDITIONS } from '#core';
import type { InstanceBody } from '../presenters/instance-presenter.ts';
import type { Json } from './references.ts';
import { list, nullable, nullableMoment, object, type Properties, text } from './schema-parts.ts';

const INSTANCE = {
  id: text('The id of the instance.'),
  model: text('The name of the model.'),
  state: {
    type: 'string',
    enum: INSTANCE_STATES,
    description: 'Starting: the model is being set up. Ready: receives tasks. Draining: finishes its runs.',
  },
  phase: {
    type: ['string', 'null'],
    enum: [...INSTANCE_PHASES, null],
    description:
      'Before the state applies: provisioning of a machine, pulling of the image. Null where the platform cannot tell.',
  },
  condition: {
    type: ['string', 'null'],
    enum: [...MODEL_CONDITIONS, null],
    description:
      'model_blocked: the model does not respond. model_restarting: the model process has ended and starts again.',
  },
  variant: nullable('string', 'The variant; null for a model without variants.'),
  started_at: nullableMoment('Start time; null until the first heartbeat.'),
  last_heartbeat_at: nullableMoment('Time of the last heartbeat; null until the first one.'),
  slots: nullable('integer', 'Maximum number of concurrent runs.'),
  in_flight: nullable('integer', 'Current runs.'),
  service_ms: nullable('number', 'Moving average of a run in milliseconds; null before the first run.'),
  image: text('The container image or command.'),
  endpoint: nullable('string', 'Base URL of the health port. It may be reachable only inside the deployment.'),
} satisfies Properties<InstanceBody>;

const ONE_OF_THEM = object('An instance.', {
  id: text('The id of the instance.'),
  name: text('The name on the platform.'),
  status: { type: 'string', enum: INSTANCE_STATES },
  image: list({ type: 'string' }, 'The container image.'),
});

const DONE = { status: { type: 'string', enum: ['success'] }, message: text('A description of the action.') };

export const INSTANCE_SCHEMAS: Json = {
  Instance: object('A running instance of a model.', INSTANCE),
  InstanceList: object('Instances of a model.', { instances: list({ $ref: '#/components/schemas/Instance' }) }),
  StoppingInstance: object('A draining instance.', {
    id: text('The id of the instance.'),
    model: text('The name of the model.'),
    state: { type: 'string', enum: ['draining'] },
  }),
  Prediction: object('A prediction in flat form.', {
    message: { type: 'string' },
    input: { description: 'The request body.' },
    model: text('The variant that the result names, or the model.'),
    prediction: list({}, 'The numbers of the result in field order, or the whole result if it has no numbers.'),
  }),
  GatewayServices: object('Instances that predict.', { 'Services:': list({ type: 'string' }) }),
  GatewayModels: object('Instances that predict, with their variants.', {
    models_by_service: { type: 'object', additionalProperties: list({ type: 'string' }) },
    services: list({ type: 'string' }),
  }),
  GatewayLaunch: object('A launched instance.', {
    ...DONE,
    container_id: text('The id of the instance.'),
    container_name: text('The name on the platform.'),
  }),
  GatewayInstances: object('Instances of a model or a variant.', {
    model: text('The name.'),
    instances: list(ONE_OF_THEM),
  }),
  GatewayShutdown: object('A stopped instance.', DONE),
};
