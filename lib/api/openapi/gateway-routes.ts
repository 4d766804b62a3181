import { jsonResponse, pathParameter, type RouteDocs, schemaRef } from './route-doc.ts';

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
