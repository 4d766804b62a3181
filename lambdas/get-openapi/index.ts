import { readChoice } from '#platform/environment.ts';
import * as ENV from '#platform/environment-names.ts';
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

/** Another function answers the routes of the lifecycle. */
const hasLifecycle = readChoice(process.env, ENV.lifecycle, ['off', 'on']) === 'on';

export const handler = awsEntry((deps) => createHandler(deps, { hasLifecycle }));
