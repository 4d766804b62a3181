import { jsonResponse, pathParameter, type RouteDocs, schemaRef } from './route-doc.ts';

const NAME = pathParameter('name', 'The name of a model or of a variant.');

/** What the routes by which people know model gateways say of themselves. */
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
    responses: { '200': jsonResponse('What each instance offers.', schemaRef('GatewayModels')) },
    problems: ['not_acceptable', 'registry_unavailable'],
  },
  'POST /api/models/launch/{name}': {
    operationId: 'launch_by_name',
    tag: 'Gateway style',
    parameters: [NAME],
    responses: { '200': jsonResponse('It is starting.', schemaRef('GatewayLaunch')) },
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
    responses: { '200': jsonResponse('It finishes what it holds and stops.', schemaRef('GatewayShutdown')) },
    problems: ['instance_not_found', 'instance_uncontrolled', 'not_acceptable', 'registry_unavailable'],
  },
} as const satisfies RouteDocs;
