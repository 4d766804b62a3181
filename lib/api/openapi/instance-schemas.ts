import { INSTANCE_PHASES, INSTANCE_STATES, MODEL_CONDITIONS } from '#core';
import type { InstanceBody } from '../presenters/instance-presenter.ts';
import type { Json } from './references.ts';
import { list, nullable, nullableMoment, object, type Properties, text } from './schema-parts.ts';

const INSTANCE = {
  id: text('Names it among all instances.'),
  model: text('The name of its model.'),
  state: {
    type: 'string',
    enum: INSTANCE_STATES,
    description: 'Starting: it is setting up. Ready: it takes tasks. Draining: it finishes what it holds.',
  },
  phase: {
    type: ['string', 'null'],
    enum: [...INSTANCE_PHASES, null],
    description:
      'How far it is: it gets a machine, its image is pulled, then as its state. Null where the platform cannot tell.',
  },
  condition: {
    type: ['string', 'null'],
    enum: [...MODEL_CONDITIONS, null],
    description:
      'model_blocked: its model does not answer. model_restarting: its model process ended and starts again. Null otherwise.',
  },
  variant: nullable('string', 'What it serves; null for a model without variants.'),
  started_at: nullableMoment('When it started; null until its first heartbeat.'),
  last_heartbeat_at: nullableMoment('When it was last heard of; null until its first heartbeat.'),
  slots: nullable('integer', 'Runs it can have in hand at once.'),
  in_flight: nullable('integer', 'Runs it has in hand.'),
  service_ms: nullable('number', 'Moving average of one run, in milliseconds; null until it has run one.'),
  image: text('The container image or command it runs from.'),
  endpoint: nullable('string', 'Base URL of its health port, which only the network of the deployment may reach.'),
} satisfies Properties<InstanceBody>;

const ONE_OF_THEM = object('An instance.', {
  id: text('Its id.'),
  name: text('What the platform calls it.'),
  status: { type: 'string', enum: INSTANCE_STATES },
  image: list({ type: 'string' }, 'What it runs from.'),
});

const DONE = { status: { type: 'string', enum: ['success'] }, message: text('What was done.') };

/** The schemas of instances, as they are told here and as gateways tell them. */
export const INSTANCE_SCHEMAS: Json = {
  Instance: object('A running copy of a model.', INSTANCE),
  InstanceList: object('Instances of a model.', { instances: list({ $ref: '#/components/schemas/Instance' }) }),
  StoppingInstance: object('An instance on its way out.', {
    id: text('Its id.'),
    model: text('The name of its model.'),
    state: { type: 'string', enum: ['draining'] },
  }),
  Prediction: object('A prediction, flat.', {
    message: { type: 'string' },
    input: { description: 'The request as it was sent.' },
    model: text('The variant that made it, or else the model.'),
    prediction: list({}, 'The numbers of the answer; an answer without any is there as a whole.'),
  }),
  GatewayServices: object('Instances that predict.', { 'Services:': list({ type: 'string' }) }),
  GatewayModels: object('Instances that predict, and what each offers.', {
    models_by_service: { type: 'object', additionalProperties: list({ type: 'string' }) },
    services: list({ type: 'string' }),
  }),
  GatewayLaunch: object('An instance that was launched.', {
    ...DONE,
    container_id: text('Its id.'),
    container_name: text('What the platform calls it.'),
  }),
  GatewayInstances: object('Instances by a name.', { model: text('The name.'), instances: list(ONE_OF_THEM) }),
  GatewayShutdown: object('An instance that was told to stop.', DONE),
};
