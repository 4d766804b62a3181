import { awsEntry } from '../entry.ts';
import { awsAuthenticator } from '../known-callers.ts';
import { createHandler } from '../submit-task/handler.ts';

const authenticate = awsAuthenticator(process.env);

/** The submit handler behind a function URL, which has no authorizer: the handler verifies callers itself. */
export const handler = awsEntry(createHandler, authenticate ? { authenticate } : {});
