import type { Route } from './routes.ts';

/** The routes of the submit handler, separate to keep its bundle small. */
export const SUBMIT_ROUTES = [
  {
    method: 'POST',
    path: '/models/{model}/tasks',
    handler: 'submit-task',
    auth: 'caller',
    summary: 'Submit a prediction request to a model',
  },
  {
    method: 'POST',
    path: '/predict/{model}',
    handler: 'submit-task',
    auth: 'caller',
    summary: 'Submit a prediction request and wait for its result',
  },
  {
    method: 'POST',
    path: '/api/predict/{model}',
    handler: 'submit-task',
    auth: 'caller',
    summary: 'Predict with a flat response',
  },
] as const satisfies readonly Route[];
