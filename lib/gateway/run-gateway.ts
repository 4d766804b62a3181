import { once } from 'node:events';
import { ALL_ROUTES, createHandlerDeps } from '#api';
import type { Logger } from '#core';
import { ENV, readRequired } from '#platform/environment.ts';
import { platformFromEnvironment } from '#platform/from-environment.ts';
import { dockerInstancesFrom, gatewaySettingsFrom } from '#platform/gateway-settings.ts';
import { openKeyFile } from '#platform/key-file.ts';
import { GATHER_MS } from '#platform/line-output.ts';
import { tracingFromEnvironment } from '#platform/tracing.ts';
import { webhookSending } from '#platform/webhook-sending.ts';
import { Admission } from './admission.ts';
import { createBridge } from './bridge.ts';
import { openCallLog } from './call-log.ts';
import { createGiveUp, pumpRegisteredModels } from './dead-letter-pump.ts';
import { createAccess } from './gateway-access.ts';
import { createHandlers } from './handlers.ts';
import { createJsonLog } from './log-event.ts';
import { resumeLifecycle } from './resume-lifecycle.ts';
import { stopRequests } from './stop-requests.ts';
import { tracedSends } from './traced-sends.ts';
import { TranscodingPool } from './transcoding-pool.ts';
import { createUserLimiter } from './user-limits.ts';
import { startWebhookSender } from './webhook-sender.ts';

/** Longer than the maximum duration of a request. */
const GRACE_MS = 30_000;

/**
 * Runs the API as a process until a stop is requested. Resolves with the exit code: 0 after an orderly stop, 1 after a
 * failure.
 */
export async function runGateway(environment: NodeJS.ProcessEnv): Promise<number> {
  const { stop, abandon } = stopRequests({ process, output: process.stdout });
  const logger = createJsonLog('gateway', process.stdout, GATHER_MS);
  const abandoned = once(abandon, 'abort').then(() => {
    logger.error('Forced stop: current requests are aborted.');
    return 130;
  });
  const orderly = serve(environment, logger, stop).then(
    () => (stop.reason instanceof Error ? 1 : 0),
    (error: unknown) => {
      logger.error(error instanceof Error ? error.message : String(error));
      return 1;
    },
  );
  return Promise.race([orderly, abandoned]);
}

async function serve(environment: NodeJS.ProcessEnv, logger: Logger, stop: AbortSignal): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const { host, port, maxRequests, ...guard } = gatewaySettingsFrom(environment);
  const warn = (message: string) => logger.warn(message);
  const tracing = await tracingFromEnvironment(environment, { service: 'modelyard-gateway', logger });
  cleanup.defer(() => tracing?.close());
  const connected = await platformFromEnvironment(environment, warn);
  const platform = { ...connected, ...tracedSends(connected, tracing) };
  cleanup.defer(() => platform.close());
  const instances = dockerInstancesFrom(environment, platform, warn);
  const openKeys = () => openKeyFile(readRequired(environment, ENV.keysFile));
  const access = await createAccess({ settings: guard, platform, openKeys });
  const callLog = openCallLog(platform, logger);
  const limiter = createUserLimiter(platform);
  cleanup.defer(() => callLog.stop());
  const { transcoder } = cleanup.use(new TranscodingPool());
  const deps = createHandlerDeps({
    platform: instances ? { ...platform, instances } : platform,
    transcoder,
    logger,
    auth: guard.auth,
    ...access,
    ...callLog.deps,
    ...limiter.deps,
  });
  const pump = pumpRegisteredModels({ ...deps.platform, giveUp: createGiveUp(deps), logger });
  cleanup.defer(() => pump.stop());
  const sender = startWebhookSender(deps, webhookSending(environment));
  cleanup.defer(() => sender.stop());
  cleanup.use(resumeLifecycle(deps));
  const bridge = createBridge({
    routes: ALL_ROUTES,
    handlers: createHandlers(deps),
    logger,
    guard,
    record: callLog.record,
    authenticate: access.authenticate,
    enter: limiter.enter,
    ...{ transfers: platform.transferEdge, tracing },
    limits: { graceMs: GRACE_MS },
    admission: new Admission({ maxRequests, logger }),
  });
  cleanup.defer(() => bridge.close());
  const { url } = await bridge.listen(port, host);
  logger.info('Ready.', { url });
  if (!stop.aborted) await once(stop, 'abort');
  logger.info('Stopping: waiting for open requests.', { reason: String(stop.reason) });
}
