import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import type { ContainerInfo } from 'dockerode';
import {
  type Clock,
  type ControlledInstance,
  type Instance,
  type InstanceController,
  type InstanceState,
  isAlive,
  type LogLine,
  type LogQuery,
  type ModelRegistry,
  ModelyardError,
  matchingLines,
  unavailable,
} from '#core';
import {
  containerLike,
  instanceIdOf,
  LAUNCHED_LABEL,
  MODEL_LABEL,
  PROJECT_LABEL,
  STOP_SECONDS,
  VARIANT_LABEL,
} from './container-like.ts';
import { readContainer } from './container-logs.ts';
import { silenceOf, statusOf } from './engine.ts';

export interface DockerInstanceControllerOptions {
  readonly engine: () => Promise<Docker>;
  /** Containers without the label of this project are ignored. */
  readonly project: string;
  /** The environment variable of the variant. */
  readonly variantVariable: string;
  /** Shows which instances are ready. */
  readonly registry: Pick<ModelRegistry, 'snapshot'>;
  readonly clock: Clock;
  /** Receives one sentence when a container could not be stopped or removed. */
  readonly onTrouble: (message: string) => void;
}

/** States of containers that run or will run. */
const LIVE = ['created', 'running', 'restarting', 'paused'];
/** HTTP status for a container that is stopping already. */
const ALREADY_STOPPED = 304;
const GONE = new Set([404, 409]);

/** Instances as containers of the Docker engine, selected by their labels. */
export class DockerInstanceController implements InstanceController {
  readonly #options: DockerInstanceControllerOptions;
  readonly #stopping = new Set<string>();

  constructor(options: DockerInstanceControllerOptions) {
    this.#options = options;
  }

  async list(model: string): Promise<readonly ControlledInstance[]> {
    const [containers, { instances }] = await Promise.all([
      this.#containers(model, { status: LIVE }),
      this.#options.registry.snapshot(),
    ]);
    const registered = new Map(instances.map((instance) => [instance.id, instance]));
    return containers.map((container) => this.#describe(container, model, registered.get(instanceIdOf(container.Id))));
  }

  /** Resolves when the container runs. Copies image and settings from another container of the model. */
  async launch(model: string, variant?: string): Promise<ControlledInstance> {
    const known = await this.#containers(model);
    const template = known.find(({ State }) => State === 'running') ?? known[0];
    if (!template) throw new ModelyardError('model_not_found', 'No model of this name can be launched here.');
    const { project, variantVariable } = this.#options;
    const name = `${project}-${model.replaceAll('_', '-')}-${randomUUID().slice(0, 8)}`;
    return this.#ask(async (engine) => {
      const like = await engine.getContainer(template.Id).inspect();
      const container = await engine.createContainer(
        containerLike(like, { name, project, model, variant, variantVariable }),
      );
      await container.start();
      void this.#removeEnded(known.filter(({ Id }) => Id !== template.Id));
      const named = variant === undefined ? {} : { variant };
      return { id: instanceIdOf(container.id), name, model, ...named, state: 'starting', image: like.Config.Image };
    });
  }

  async stop(model: string, id: string): Promise<boolean> {
    const container = (await this.#containers(model)).find(({ Id }) => instanceIdOf(Id) === id);
    if (!container) return false;
    if (LIVE.includes(container.State)) void this.#drain(container);
    return true;
  }

  /** Of containers that have ended too, until they are removed. */
  async logs(model: string, query: LogQuery): Promise<readonly LogLine[]> {
    const containers = await this.#containers(model);
    const wanted = containers.filter(({ Id }) => query.instance === undefined || query.instance === instanceIdOf(Id));
    const lines = await Promise.all(
      wanted.map(({ Id }) =>
        this.#ask((engine) => readContainer(engine.getContainer(Id), instanceIdOf(Id), query)).catch(unlessGone),
      ),
    );
    return matchingLines(
      lines.flat().sort((a, b) => a.at - b.at),
      query,
    );
  }

  /** Takes as long as the current runs, so callers do not wait for it. */
  async #drain(container: ContainerInfo): Promise<void> {
    const id = instanceIdOf(container.Id);
    if (this.#stopping.has(id)) return;
    this.#stopping.add(id);
    try {
      await this.#ask((engine) => engine.getContainer(container.Id).stop({ t: STOP_SECONDS }));
      await this.#removeEnded([{ ...container, State: 'exited' }]);
    } catch (error) {
      // Recovery: the container is listed as running and can be stopped again.
      if (!isAnswer(error, ALREADY_STOPPED)) {
        this.#options.onTrouble(`The container ${id} could not be stopped: ${messageOf(error)}.`);
      }
    } finally {
      this.#stopping.delete(id);
    }
  }

  /** This controller must remove the containers that it launched. */
  async #removeEnded(containers: readonly ContainerInfo[]): Promise<void> {
    for (const { Id, Labels, State } of containers) {
      if (Labels[LAUNCHED_LABEL] !== 'true' || LIVE.includes(State)) continue;
      await this.#ask((engine) => engine.getContainer(Id).remove()).catch((error: unknown) => {
        if (!isGone(error)) this.#options.onTrouble(`An ended container could not be removed: ${messageOf(error)}.`);
      });
    }
  }

  #containers(model: string, filters: Record<string, string[]> = {}): Promise<ContainerInfo[]> {
    const label = [`${PROJECT_LABEL}=${this.#options.project}`, `${MODEL_LABEL}=${model}`];
    return this.#ask((engine) => engine.listContainers({ all: true, filters: { ...filters, label } }));
  }

  #describe(container: ContainerInfo, model: string, registered: Instance | undefined): ControlledInstance {
    const { Id, Names, Labels, Image } = container;
    const id = instanceIdOf(Id);
    const variant = registered?.variant ?? Labels[VARIANT_LABEL];
    return {
      id,
      name: Names[0]?.replace(/^\//, '') ?? id,
      model,
      ...(variant === undefined ? {} : { variant }),
      state: this.#stateOf(container, registered),
      image: Image,
    };
  }

  #stateOf({ Id, State }: ContainerInfo, registered: Instance | undefined): InstanceState {
    if (this.#stopping.has(instanceIdOf(Id))) return 'draining';
    const isKnown = State === 'running' && registered && isAlive(registered, this.#options.clock.now());
    return isKnown ? registered.state : 'starting';
  }

  /** Rejects with the engine's error, or with a retryable error when the engine did not answer. */
  async #ask<Answer>(question: (engine: Docker) => Promise<Answer>): Promise<Answer> {
    try {
      return await question(await this.#options.engine());
    } catch (error) {
      if (statusOf(error) !== undefined && Number(statusOf(error)) < 500) throw error;
      throw unavailable('registry_unavailable', silenceOf(error), error);
    }
  }
}

const isAnswer = (error: unknown, status: number): boolean => statusOf(error) === status;

const isGone = (error: unknown): boolean => GONE.has(Number(statusOf(error)));

/** A container that was removed meanwhile has no lines. */
function unlessGone(error: unknown): readonly LogLine[] {
  if (!isGone(error)) throw error;
  return [];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
