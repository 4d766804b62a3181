import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type { MiddlewareObj } from '@middy/core';
import { createHandlerDeps, type HandlerDeps } from '#api';
import { callLines } from '#api/http/call-lines.ts';
import type { Logger } from '#core';
import { awsSettingsFrom, createAwsPlatform, openDynamoDb } from '#platform/aws.ts';
import { callDaysFrom, readChoice } from '#platform/environment.ts';
import * as ENV from '#platform/environment-names.ts';
import { lateUserLimits } from '#platform/late-user-limits.ts';
import type { Platform } from '#platform/platform.ts';
import { embeddedMetrics } from './embedded-metrics.ts';

const SERVICE = 'modelyard';
const NAMESPACE = 'Modelyard';

interface Handler {
  use(middleware: MiddlewareObj): unknown;
}

/**
 * A Lambda handler on AWS, with the logger of Powertools. Dependencies are built once per sandbox. `known`:
 * dependencies of handlers that verify users themselves. `extend`: adds what few handlers need.
 */
export function awsEntry<H extends Handler>(
  createHandler: (deps: HandlerDeps) => H,
  known: Pick<HandlerDeps, 'users' | 'accounts' | 'authenticate' | 'calls' | 'eraseUser'> = {},
  extend = (platform: Platform): Platform => platform,
): H {
  const settings = awsSettingsFrom(process.env);
  const access = openDynamoDb(settings);
  const platform = extend(createAwsPlatform(settings, access));
  const powertools = createPowertoolsLogger();
  const handler = createHandler(
    createHandlerDeps({
      platform,
      logger: structured(powertools),
      auth: readChoice(process.env, ENV.auth, ['jwt', 'oidc', 'none']),
      isHttpsOnly: true,
      metrics: embeddedMetrics({ namespace: NAMESPACE, service: SERVICE }),
      ...(callDaysFrom(process.env) > 0 ? { recordCall: callLines() } : {}),
      ...lateUserLimits(process.env, settings, access, platform.tasks),
      ...known,
    }),
  );
  handler.use(injectLambdaContext(powertools));
  return handler;
}

const createPowertoolsLogger = () => new PowertoolsLogger({ serviceName: SERVICE });

/** Logs JSON lines, for a Lambda without a handler of HTTP requests. */
export const awsLogger = (): Logger => structured(createPowertoolsLogger());

const structured = (powertools: PowertoolsLogger): Logger => ({
  debug: (message, fields = {}) => powertools.debug(message, fields),
  info: (message, fields = {}) => powertools.info(message, fields),
  warn: (message, fields = {}) => powertools.warn(message, fields),
  error: (message, fields = {}) => powertools.error(message, fields),
});
