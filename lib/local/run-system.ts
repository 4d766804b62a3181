import { delimiter, join } from 'node:path';
import { ALL_ROUTES, type Authenticator, createHandlerDeps, type HandlerDeps } from '#api';
import { discoverModels, type LocalModel } from '#catalog/discover-models.ts';
import {
  forgetFailedStarts,
  type KeyRing,
  type Logger,
  ModelyardError,
  newKeyRing,
  publicName,
  STAGE_MODEL,
  type Tracing,
} from '#core';
import { Admission } from '#gateway/admission.ts';
import { createBridge } from '#gateway/bridge.ts';
import type { HttpServer } from '#gateway/bridge-server.ts';
import { type GatewayCallLog, openCallLog } from '#gateway/call-log.ts';
import { createGiveUp, startDeadLetterPump } from '#gateway/dead-letter-pump.ts';
import { createAccess, lateAuthenticator } from '#gateway/gateway-access.ts';
import { createHandlers } from '#gateway/handlers.ts';
import { lateHandlers } from '#gateway/late-handlers.ts';
import { resumeLifecycle } from '#gateway/resume-lifecycle.ts';
import { tracedSends } from '#gateway/traced-sends.ts';
import { TranscodingPool } from '#gateway/transcoding-pool.ts';
import { lateEdge } from '#gateway/transfer-answer.ts';
import { createUserLimiter, type UserLimiter } from '#gateway/user-limits.ts';
import { startWebhookSender } from '#gateway/webhook-sender.ts';
import { ENV, readOptional } from '#platform/environment.ts';
import { gatewaySettingsFrom } from '#platform/gateway-settings.ts';
import { openKeyFile } from '#platform/key-file.ts';
import type { Platform } from '#platform/platform.ts';
import { webhookSending } from '#platform/webhook-sending.ts';
import { type Backend, startBackend } from './backend.ts';
import { instanceCommand, ROOT } from './instance-command.ts';
import { watchModelFiles } from './model-changes.ts';
import type { LocalOptions } from './options.ts';
import { needsPython, PythonEnvironments } from './python-environment.ts';
import { restartSilentInstances } from './silent-instances.ts';
import { summaryEvent, summaryText } from './summary.ts';
import type { InstanceIdentity } from './supervised-instance.ts';
import { Supervisor } from './supervisor.ts';
import type { Terminal } from './terminal.ts';
import { untilSettled } from './until-settled.ts';
import { watchModels } from './watch-models.ts';

export interface SystemRun extends LocalOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
  /** Stops after the current work. */
  readonly stop: AbortSignal;
  /** Kills all instances. */
  readonly abandon: AbortSignal;
  readonly tracing?: Tracing | undefined;
}

const KEYS_FILE = 'signing-keys.json';
const [MODELS, LIFECYCLE] = [join(ROOT, 'model-containers', 'models'), join(ROOT, 'lifecycle')];
/** Its worker starts with the first request to the lifecycle. */
const LIFECYCLE_MODELS = ['worker', 'models'].map((folder) => join(LIFECYCLE, folder));
/** Longer than the maximum duration of a request. */
const GRACE_MS = 30_000;
/** From the start of the process. Slower instances are shown as starting. */
const READY_WITHIN_MS = 4_500;

/** Runs the system until `stop` aborts and all processes have ended. Rejects with one sentence at the start. */
export async function runSystem(run: SystemRun): Promise<void> {
  const { terminal, stop, tracing } = run;
  const logger = terminal.logger('gateway');
  await using cleanup = new AsyncDisposableStack();

  const { host, maxRequests, ...guard } = gatewaySettingsFrom(run.environment);
  const [handlers, transfers] = [lateHandlers(), lateEdge()];
  const admission = new Admission({ maxRequests, logger });
  const entry = Promise.withResolvers<Authenticator | undefined>();
  let limiter: UserLimiter | undefined;
  let callLog: GatewayCallLog | undefined;
  const bridge = createBridge({
    ...{ routes: ALL_ROUTES, handlers, logger, guard, limits: { graceMs: GRACE_MS }, admission, tracing },
    record: (call) => callLog?.record?.(call),
    enter: async (caller) => limiter?.enter(caller),
    transfers,
    ...(guard.auth === 'none' ? {} : { authenticate: lateAuthenticator(entry.promise) }),
  });
  const port = await listen(bridge, run.port, host);
  cleanup.defer(() => bridge.close());
  cleanup.defer(() => handlers.reject(new Error('The system stopped before it was ready.')));
  cleanup.defer(() => entry.resolve(undefined));

  const models = await findModels(run, logger);
  const backend = await startBackend[run.platform]({
    ...run,
    environment: run.environment,
    models: namesOf(models),
    onTrouble: (message) => logger.warn(message),
  });
  cleanup.defer(() => backend.close());
  if (stop.aborted) return;

  const { platform } = backend;
  transfers.edge = platform.transferEdge;
  callLog = openCallLog(platform, logger);
  limiter = createUserLimiter(platform);
  cleanup.defer(() => callLog?.stop());
  // Failed starts of the previous run: the models may have been fixed since.
  await Promise.all(namesOf(models).map((model) => forgetFailedStarts(platform, { model })));
  const { models: workers } = await discoverModels(LIFECYCLE_MODELS);
  const supervisor = startInstances(run, [...models, ...workers], backend);
  const access = await createAccess({ settings: guard, platform, openKeys: () => openKeys(run) });
  entry.resolve(access.authenticate);
  const { transcoder } = cleanup.use(new TranscodingPool());
  const deps = createHandlerDeps({
    platform: { ...platform, ...tracedSends(platform, tracing), instances: supervisor },
    ...{ transcoder, logger, auth: guard.auth },
    ...access,
    ...callLog.deps,
    ...limiter.deps,
  });
  if (!backend.keepsTasks) cleanup.defer(() => reportUndelivered(platform.queues, namesOf(models), logger));
  const pump = pumpDeadLetters(deps, namesOf(models));
  cleanup.defer(() => pump.stop());
  const sender = startWebhookSender(deps, webhookSending(run.environment));
  cleanup.defer(() => sender.stop());
  cleanup.defer(() => supervisor.stopAll());
  cleanup.use(resumeLifecycle(deps));
  handlers.resolve(createHandlers(deps));
  // Deferred again to close first: accepted requests still need their instances.
  cleanup.defer(() => bridge.close());

  const timeoutMs = Math.max(0, READY_WITHIN_MS - performance.now());
  const reports = await untilSettled(supervisor, {
    models: deps.models,
    clock: deps.platform.clock,
    timeoutMs,
    signal: stop,
  });
  const summary = {
    url: `http://localhost:${port}`,
    startupMs: Math.round(performance.now()),
    // The URLs of brokers contain passwords.
    environment: run.platform === 'rabbit-redis' ? {} : backend.environment,
    models: namesOf(models).map((name) => ({
      name: publicName(name),
      queue: backend.taskQueueOf(name),
      instances: reports.filter(({ model }) => model === name),
    })),
  };
  if (stop.aborted) return;
  terminal.announce('gateway', summaryEvent(summary), summaryText(summary));
  const watch = { clock: platform.clock, signal: stop };
  const watched = [...rootsOf(run), ...LIFECYCLE_MODELS];
  await Promise.all([
    restartSilentInstances(supervisor, watch),
    watchModels(deps, {
      ...watch,
      known: namesOf(models),
      async onNewModel(model) {
        await backend.addModel(model);
        pump.add(model);
      },
    }),
    run.isWatching
      ? watchModelFiles({
          ...{ ...watch, logger, roots: watched, shared: { [LIFECYCLE]: STAGE_MODEL } },
          discover: () => discoverModels(watched, Date.now()),
          async onChanged(model) {
            await backend.addModel(model.manifest.name);
            supervisor.put(model);
          },
          onRemoved: (model) => supervisor.remove(model),
        })
      : undefined,
  ]);
}

/** In the data folder; nowhere for a temporary one. */
function openKeys({ platform, dataFolder }: LocalOptions): Promise<() => Promise<KeyRing>> {
  if (platform === 'sqlite' && dataFolder !== undefined) return openKeyFile(join(dataFolder, KEYS_FILE));
  const ring = newKeyRing();
  return Promise.resolve(async () => ring);
}

const namesOf = (models: readonly LocalModel[]): string[] => models.map(({ manifest }) => manifest.name);

async function listen(bridge: HttpServer, wanted: number, host: string): Promise<number> {
  try {
    return (await bridge.listen(wanted, host)).port;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = { EADDRINUSE: 'is already in use', EACCES: 'requires more permissions' }[String(code)];
    if (why === undefined) throw error;
    throw new ModelyardError('internal', `Port ${wanted} ${why}; choose another one with --port.`, { cause: error });
  }
}

const rootsOf = ({ environment, modelFolders }: SystemRun): readonly string[] => [
  MODELS,
  ...(readOptional(environment, ENV.modelsPath)?.split(delimiter) ?? []),
  ...modelFolders,
];

async function findModels(run: SystemRun, logger: Logger): Promise<readonly LocalModel[]> {
  const { models, faults } = await discoverModels(rootsOf(run));
  for (const fault of faults) logger.error(fault);
  return models;
}

function startInstances(
  { environment, terminal, abandon }: SystemRun,
  models: readonly LocalModel[],
  { platform: { registry, clock }, environment: found }: Backend,
): Supervisor {
  const commandOf = instanceCommand({ ...environment, ...found });
  const environments = new PythonEnvironments(terminal.logger('python'));
  const given = readOptional(environment, ENV.python);
  const command = (model: LocalModel, identity: InstanceIdentity) =>
    needsPython(model) && given === undefined
      ? environments.pythonOf(model.folder).then((python) => commandOf(model, identity, python))
      : commandOf(model, identity, given);
  const supervisor = new Supervisor({ models, command, registry, terminal, clock });
  abandon.addEventListener('abort', () => supervisor.killAll());
  supervisor.startAll();
  return supervisor;
}

function pumpDeadLetters(deps: HandlerDeps, models: readonly string[]) {
  const { platform, logger } = deps;
  const { queues, clock } = platform;
  return startDeadLetterPump({ models, queues, giveUp: createGiveUp(deps), clock, logger });
}

/** Logs the number of accepted tasks per model that are lost because the queue is in memory. */
async function reportUndelivered(
  queues: Platform['queues'],
  models: readonly string[],
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  await Promise.all(
    models.map(async (model) => {
      const { visible, inFlight, delayed } = await queues(model).depth();
      const lost = visible + inFlight + delayed;
      if (lost === 0) return;
      const what = lost === 1 ? '1 accepted task was' : `${lost} accepted tasks were`;
      logger.warn(`${what} still waiting and will not run: the queue ends with this process.`, { model, lost });
    }),
  );
}
