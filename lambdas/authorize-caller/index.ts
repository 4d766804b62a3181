import { awsLogger } from '../entry.ts';
import { awsAuthenticator } from '../known-callers.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler({ authenticate: awsAuthenticator(process.env), logger: awsLogger() });
