import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Deployment,
  isDeployment,
  isRecord,
  type Logger,
  ModelyardError,
  type Rejection,
  type VersionPointer,
  withoutRejected,
} from '#core';
import type { Platform } from '#platform/platform.ts';
import type { Weights } from '../define-model.ts';
import { RoutedModel } from '../versions/routed-model.ts';
import type { ShadowAnswer } from '../versions/shadow.ts';
import type { AnswerLog } from '../worker/answer-log.ts';
import type { RunningModel } from '../worker/running-model.ts';

export interface DeployedVersionOptions {
  readonly platform: Pick<Platform, 'registry' | 'lifecycle' | 'clock'>;
  /** Loaded, not set up. */
  readonly model: RunningModel;
  readonly name: string;
  readonly logger: Logger;
  /** Receives the responses of shadows. @default nothing is logged */
  readonly log?: AnswerLog | undefined;
}

/** Pause between two reads before the first deployment. Without a version, an instance answers nothing. */
const FIRST_VERSION_MS = 1000;
/** Pause between two reads afterwards. */
const FOLLOW_MS = 2000;
/** A version that is not set up by then never will be. */
const SET_UP_MS = 600_000;
/** Maximum number of optimistic-lock retries. */
const MAX_RACES = 10;

/** Keeps a versioned model at the deployed version. */
export class DeployedVersion {
  readonly #options: DeployedVersionOptions;
  /** Serves the deployed version. */
  readonly model: RoutedModel;
  #beat: (() => Promise<void>) | undefined;
  /** The artifact whose version could not be served. It is not tried again. */
  #refused: string | undefined;
  /** Versions that this instance has taken out of service, until the registry has them. */
  #rejected: Rejection | undefined;
  #following: Promise<void> | undefined;
  /** Why the last try has failed. */
  #fault: string | undefined;

  constructor(options: DeployedVersionOptions) {
    this.#options = options;
    const { model, logger, platform } = options;
    this.model = new RoutedModel({
      ...{ model, logger, clock: platform.clock },
      fetch: (pointer) => this.#fetch(pointer),
      onRejected: (rejection) => void this.#reject(rejection),
      onShadowAnswer: (answer) => this.#logShadow(answer),
    });
  }

  /** The version to serve first. Undefined before the first deployment. */
  async first(): Promise<Weights | undefined> {
    const deployment = await this.#deployment();
    return deployment && this.#fetch(deployment);
  }

  /** Call once when the model is set up. `beat` sends a heartbeat. Ends when `stop` aborts. */
  keep(beat: () => Promise<void>, stop: AbortSignal): void {
    this.#beat = beat;
    void this.#keep(stop);
  }

  /** Follows more often than heartbeats come, so that a roll-out starts and ends soon, and then tells its counts as often. */
  async #keep(stop: AbortSignal): Promise<void> {
    const { clock } = this.#options.platform;
    const { model } = this;
    while (!stop.aborted) {
      await this.follow();
      await clock.sleep(model.version === undefined ? FIRST_VERSION_MS : FOLLOW_MS, stop);
      if (!stop.aborted && model.isRollingOut) await this.#beat?.();
    }
  }

  #logShadow({ request: { taskId, source, body }, response, version }: ShadowAnswer): void {
    const { log } = this.#options;
    if (!source || !log?.takes(taskId)) return;
    const { hash: responseHash } = this.model.description.contract;
    log.add({ ...source, taskId, request: body, response, responseHash, version, shadow: true });
  }

  /** Shows all instances that a version was taken out of service. Never rejects: the next follow repeats it. */
  async #reject(rejection: Rejection): Promise<void> {
    this.#rejected = rejection;
    // The service records the counts of heartbeats.
    await this.#beat?.();
    await this.follow();
  }

  /** Serves what is deployed from now on. Never rejects: what cannot be reached or served changes nothing. */
  follow(): Promise<void> {
    this.#following ??= this.#follow().finally(() => {
      this.#following = undefined;
    });
    return this.#following;
  }

  async #follow(): Promise<void> {
    const { model } = this;
    const { logger } = this.#options;
    let wanted: Deployment | undefined;
    try {
      await this.#showRejected();
      wanted = await this.#deployment();
      if (wanted && this.#refused !== fingerprint(wanted)) {
        const before = model.version;
        await this.#apply(wanted);
        this.#refused = undefined;
        if (model.version !== before) logger.info('Serving another version.', { version: wanted.version });
      }
      this.#fault = undefined;
    } catch (error) {
      this.#warn(String(error));
      const isTemporary = !wanted || (error instanceof ModelyardError && error.retryable);
      if (isTemporary) return;
      this.#refused = fingerprint(wanted as Deployment);
      await this.#refuse(wanted as Deployment, error);
    }
  }

  /** Once per reason: while the registry is away, every try fails. */
  #warn(reason: string): void {
    if (reason === this.#fault) return;
    this.#fault = reason;
    const version = this.model.version ?? 'none';
    this.#options.logger.warn('The deployed version cannot be served yet.', { reason, version });
  }

  /** Rejects when the version is not set up in time. Rejects with a retryable error when it is not deployed any more. */
  async #apply(wanted: Deployment): Promise<void> {
    const [stop, done] = [new AbortController(), new AbortController()];
    const watched = this.#watchSetUp(wanted, stop, done.signal);
    try {
      await this.model.apply(wanted, stop.signal);
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      done.abort();
      await watched;
    }
  }

  async #watchSetUp(wanted: Deployment, stop: AbortController, done: AbortSignal): Promise<void> {
    const { clock } = this.#options.platform;
    const endsAt = clock.now() + SET_UP_MS;
    while (!stop.signal.aborted) {
      await clock.sleep(FOLLOW_MS, done);
      if (done.aborted) return;
      if (clock.now() >= endsAt) stop.abort(new Error(`It was not set up within ${SET_UP_MS / 60_000} minutes.`));
      // Recovery: while the registry is away, the set-up goes on.
      const now = await this.#deployment().catch(() => undefined);
      if (now && fingerprint(now) !== fingerprint(wanted)) stop.abort(REPLACED);
    }
  }

  /** A version that cannot be set up ends its roll-out. */
  async #refuse({ version, candidate, guard }: Deployment, error: unknown): Promise<void> {
    const failed = version !== this.model.version ? guard && version : candidate?.version;
    if (failed === undefined) return;
    const at = this.#options.platform.clock.now();
    this.#rejected = { version: failed, reasons: [`It could not be set up: ${String(error)}`], at };
    await this.#showRejected().catch(() => undefined);
  }

  async #showRejected(): Promise<void> {
    const rejected = this.#rejected;
    if (!rejected) return;
    const { registry } = this.#options.platform;
    for (let race = 0; race < MAX_RACES; race++) {
      const row = await registry.readModel(this.#options.name);
      const deployment = row?.deployment && withoutRejected(row.deployment, rejected);
      if (!deployment || (await registry.writeModel({ ...row, deployment, version: row.version + 1 }))) {
        this.#rejected = undefined;
        return;
      }
    }
  }

  async #deployment(): Promise<Deployment | undefined> {
    const { platform, name } = this.#options;
    const deployment = (await platform.registry.readModel(name))?.deployment;
    return isDeployment(deployment) ? deployment : undefined;
  }

  /** Copies the files of a version to a folder of this machine. */
  async #fetch({ version, artifact }: VersionPointer): Promise<Weights> {
    const { platform, name } = this.#options;
    const stores = await platform.lifecycle?.();
    if (!stores) throw new ModelyardError('store_unavailable', 'This deployment has no artifact store.');
    const { artifacts, scratch } = stores;
    const list: unknown = JSON.parse(Buffer.from(await artifacts.read(artifact)).toString());
    const files = isRecord(list) && isRecord(list.files) ? list.files : {};
    const folder = join(scratch, 'weights', name, artifact);
    const draft = `${folder}.${process.pid}.${Date.now()}`;
    await mkdir(draft, { recursive: true, mode: 0o700 });
    for (const [file, hash] of Object.entries(files))
      await copyFile(await artifacts.fileOf(String(hash)), join(draft, file));
    // Another process may have been faster: the files are the same.
    await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }));
    return { version, folder };
  }
}

const REPLACED = new ModelyardError('conflict', 'Another version was deployed while it was set up.', {
  retryable: true,
});

const fingerprint = ({ artifact, candidate }: Deployment): string => `${artifact}/${candidate?.startedAt ?? ''}`;
