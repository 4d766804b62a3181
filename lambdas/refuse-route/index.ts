import { corsOriginsFrom } from '#platform/environment.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler({ corsOrigins: corsOriginsFrom(process.env), isHttpsOnly: true });
