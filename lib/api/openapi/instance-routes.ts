import { JSON_TYPE } from '../http/negotiation.ts';
import { HEADERS } from './headers.ts';
import {
  BODY_PROBLEMS,
  jsonResponse,
  MODEL_PARAMETER,
  pathParameter,
  queryParameter,
  type RouteDocs,
  schemaRef,
} from './route-doc.ts';

const ID = pathParameter('id', 'The id of the instance.');

const LAUNCH = {
  required: false,
  content: {
    [JSON_TYPE]: {
      schema: {
        type: 'object',
        description: 'The variant to launch. Optional.',
        properties: { variant: { type: 'string', description: 'One of the variants of the model.' } },
        additionalProperties: false,
      },
      example: {},
    },
  },
} as const;

export const INSTANCE_ROUTES = {
  'GET /models/{model}/logs': {
    operationId: 'read_logs',
    tag: 'Instances',
    description: 'The newest lines, oldest first. On AWS, those of the last 28 days at most.',
    parameters: [
      MODEL_PARAMETER,
      queryParameter('instance', 'Only lines of this instance.', { type: 'string' }),
      queryParameter('task', 'Only lines that name this task.', { type: 'string' }),
      queryParameter('from', 'Only lines of this time or later.', { type: 'string', format: 'date-time' }),
      queryParameter('limit', 'The maximum number of lines.', {
        type: 'integer',
        minimum: 1,
        maximum: 1000,
        default: 100,
      }),
    ],
    responses: { '200': jsonResponse('The lines.', schemaRef('LogLines')) },
    problems: ['model_not_found', 'route_not_found', 'not_acceptable', 'registry_unavailable'],
  },
  'GET /models/{model}/instances': {
    operationId: 'list_instances',
    tag: 'Instances',
    parameters: [MODEL_PARAMETER],
    responses: { '200': jsonResponse('The instances.', schemaRef('InstanceList')) },
    problems: ['model_not_found', 'not_acceptable', 'registry_unavailable'],
  },
  'POST /models/{model}/instances': {
    operationId: 'launch_instance',
    tag: 'Instances',
    parameters: [MODEL_PARAMETER],
    requestBody: LAUNCH,
    responses: { '202': jsonResponse('The instance is starting.', schemaRef('Instance'), HEADERS.location) },
    problems: [
      ...BODY_PROBLEMS,
      'model_not_found',
      'instance_limit',
      'instance_uncontrolled',
      'not_acceptable',
      'registry_unavailable',
    ],
  },
  'GET /models/{model}/instances/{id}': {
    operationId: 'get_instance',
    tag: 'Instances',
    parameters: [MODEL_PARAMETER, ID],
    responses: { '200': jsonResponse('The instance.', schemaRef('Instance')) },
    problems: ['model_not_found', 'instance_not_found', 'not_acceptable', 'registry_unavailable'],
  },
  'DELETE /models/{model}/instances/{id}': {
    operationId: 'stop_instance',
    tag: 'Instances',
    description: 'Idempotent. The instance finishes its runs first.',
    parameters: [MODEL_PARAMETER, ID],
    responses: { '202': jsonResponse('The instance is draining.', schemaRef('StoppingInstance')) },
    problems: [
      'model_not_found',
      'instance_not_found',
      'instance_uncontrolled',
      'not_acceptable',
      'registry_unavailable',
    ],
  },
} as const satisfies RouteDocs;

const NAME = pathParameter('name', 'The name of a model or of a variant.');

/** Documentation of the routes in the shape of common model gateways. */
export const GATEWAY_ROUTES = {
  'GET /api/predict/services': {
    operationId: 'list_services',
    tag: 'Gateway style',
    responses: { '200': jsonResponse('The ids of the instances.', schemaRef('GatewayServices')) },
    problems: ['not_acceptable', 'registry_unavailable'],
  },
  'GET /api/models/available': {
    operationId: 'list_available_models',
    tag: 'Gateway style',
    responses: { '200': jsonResponse('The variants of each instance.', schemaRef('GatewayModels')) },
    problems: ['not_acceptable', 'registry_unavailable'],
  },
  'POST /api/models/launch/{name}': {
    operationId: 'launch_by_name',
    tag: 'Gateway style',
    parameters: [NAME],
    responses: { '200': jsonResponse('The instance is starting.', schemaRef('GatewayLaunch')) },
    problems: ['model_not_found', 'instance_limit', 'instance_uncontrolled', 'not_acceptable', 'registry_unavailable'],
  },
  'GET /api/models/instances/{name}': {
    operationId: 'list_instances_by_name',
    tag: 'Gateway style',
    parameters: [NAME],
    responses: { '200': jsonResponse('The instances.', schemaRef('GatewayInstances')) },
    problems: ['model_not_found', 'not_acceptable', 'registry_unavailable'],
  },
  'DELETE /api/models/instances/{name}': {
    operationId: 'stop_by_id',
    tag: 'Gateway style',
    parameters: [pathParameter('name', 'The id of the instance.')],
    responses: { '200': jsonResponse('The instance is draining.', schemaRef('GatewayShutdown')) },
    problems: ['instance_not_found', 'instance_uncontrolled', 'not_acceptable', 'registry_unavailable'],
  },
} as const satisfies RouteDocs;
