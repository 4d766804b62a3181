import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Deployment, type Instance, isRecord, type Logger, ModelyardError } from '#core';
import type { Platform } from '#platform/platform.ts';
import type { Weights } from '../define-model.ts';
import type { RunningModel } from '../worker/running-model.ts';

export interface DeployedVersionOptions {
  readonly platform: Pick<Platform, 'registry' | 'lifecycle' | 'clock'>;
  readonly model: Pick<RunningModel, 'version' | 'swap'>;
  readonly name: string;
  readonly logger: Logger;
}

/** Pause between two reads before the first deployment. Without a version, an instance answers nothing. */
const FIRST_VERSION_MS = 1000;

/** Keeps a versioned model at the version that is deployed. */
export class DeployedVersion {
  readonly #options: DeployedVersionOptions;
  /** The artifact whose version could not be served. It is not tried again. */
  #refused: string | undefined;
  #following: Promise<void> | undefined;

  constructor(options: DeployedVersionOptions) {
    this.#options = options;
  }

  /** What to serve first. Undefined before the first deployment, which is then served soon after it. */
  async current(stop: AbortSignal): Promise<Weights | undefined> {
    const deployment = await this.#deployment();
    if (deployment) return this.#fetch(deployment);
    void this.#awaitFirst(stop);
    return undefined;
  }

  async #awaitFirst(stop: AbortSignal): Promise<void> {
    const { clock } = this.#options.platform;
    while (!stop.aborted && this.#options.model.version === undefined) {
      await clock.sleep(FIRST_VERSION_MS, stop);
      await this.follow();
    }
  }

  /** Call after a heartbeat. Returns at once: setting up a version may take longer than a heartbeat. */
  after({ state }: Pick<Instance, 'state'>): void {
    if (state === 'ready') void this.follow();
  }

  /** Serves the deployed version from now on. Never rejects: what cannot be reached or served changes nothing. */
  follow(): Promise<void> {
    this.#following ??= this.#follow().finally(() => {
      this.#following = undefined;
    });
    return this.#following;
  }

  async #follow(): Promise<void> {
    const { logger, model } = this.#options;
    let wanted: Deployment | undefined;
    try {
      wanted = await this.#deployment();
      if (!wanted || wanted.version === model.version || wanted.artifact === this.#refused) return;
      const weights = await this.#fetch(wanted);
      await model.swap(weights);
      this.#refused = undefined;
      logger.info('Serving another version.', { version: wanted.version });
    } catch (error) {
      const isTemporary = !wanted || (error instanceof ModelyardError && error.retryable);
      if (!isTemporary) this.#refused = wanted?.artifact;
      const version = model.version ?? 'none';
      logger.warn('The deployed version cannot be served yet.', { reason: String(error), version });
    }
  }

  async #deployment(): Promise<Deployment | undefined> {
    const { platform, name } = this.#options;
    return (await platform.registry.readModel(name))?.deployment;
  }

  /** Copies the files of a version to a folder of this machine. */
  async #fetch({ version, artifact }: Deployment): Promise<Weights> {
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
