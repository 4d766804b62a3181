import {
  type Candidate,
  type Clock,
  type Deployment,
  decideRollout,
  type Guard,
  type Logger,
  type Rejection,
  TallyCounter,
  type VersionPointer,
  type VersionTally,
} from '#core';
import type { RunRequest } from '../backends/model-backend.ts';
import type { Weights } from '../define-model.ts';
import type { LiveRun } from '../worker/model-life.ts';
import type { ModelCondition, RunningModel } from '../worker/running-model.ts';
import { isRoutedTo, type RunningCandidate } from './candidate.ts';
import { coveredRun } from './covered-run.ts';
import { hedgeMsOf, type Lane, laneOf } from './lane.ts';
import { mergedRun } from './merged-run.ts';
import { Shadow, type ShadowAnswer } from './shadow.ts';

export interface RoutedModelOptions {
  /** Serves the deployed version. */
  readonly model: RunningModel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Copies the files of a version to this machine. */
  readonly fetch: (pointer: VersionPointer) => Promise<Weights>;
  /** Called once when a version has exceeded the limits of its roll-out. It gets no tasks any more then. */
  readonly onRejected: (rejection: Rejection) => void;
  /** @default nobody listens */
  readonly onShadowAnswer?: (answer: ShadowAnswer) => void;
}

/** Answers between two looks at a version that does not fail. */
const JUDGED_EVERY = 20;
/** Longer than the pause between two looks of the service that records how a roll-out has ended. */
const COUNTED_MS = 300_000;

/**
 * A versioned model: the deployed version, and while a roll-out runs, another one in its own process. Every task is
 * answered by the version that its key chooses, or by the other one if that version fails.
 */
export class RoutedModel {
  /** Rejects when the deployed version cannot be restarted and nothing can take over. */
  readonly failed: Promise<never>;
  readonly #options: RoutedModelOptions;
  readonly #failed = Promise.withResolvers<never>();
  readonly #listeners = new Set<(condition: ModelCondition) => void>();
  #primary: Lane;
  #fallback: { readonly lane: Lane; readonly guard: Guard } | undefined;
  #candidate: RunningCandidate | undefined;
  #counted: { readonly tallies: readonly VersionTally[]; readonly until: number } = { tallies: [], until: 0 };
  #condition: ModelCondition;

  constructor(options: RoutedModelOptions) {
    this.#options = options;
    this.#primary = this.#adopt(options.model);
    this.#condition = options.model.condition;
    this.failed = this.#failed.promise;
    this.failed.catch(() => undefined);
  }

  get description(): RunningModel['description'] {
    return this.#primary.model.description;
  }

  /** While the version before can take over, the model is ready. */
  get condition(): ModelCondition {
    return this.#fallback?.lane.model.condition === 'ready' ? 'ready' : this.#primary.model.condition;
  }

  /** The deployed version. Undefined before the first deployment. */
  get version(): string | undefined {
    return this.#primary.model.version;
  }

  get isRollingOut(): boolean {
    return this.#candidate !== undefined || this.#fallback !== undefined;
  }

  /** What the versions of a roll-out have answered. Those of an ended one are kept until it is recorded. */
  get tallies(): readonly VersionTally[] {
    const other = this.#candidate ?? this.#fallback;
    if (!other) return this.#options.clock.now() < this.#counted.until ? this.#counted.tallies : [];
    const { startedAt } = 'guard' in other ? other.guard : other.candidate;
    return [this.#primary, other.lane].map(({ counter }) => ({ ...counter.tally, startedAt }));
  }

  #keepTallies(): void {
    if (!this.isRollingOut) return;
    this.#counted = { tallies: this.tallies, until: this.#options.clock.now() + COUNTED_MS };
  }

  onCondition(listener: (condition: ModelCondition) => void): void {
    this.#listeners.add(listener);
  }

  async setUp(variant: string | undefined, stop: AbortSignal, weights?: Weights): Promise<void> {
    await this.#primary.model.setUp(variant, stop, weights);
    this.#primary.counter = new TallyCounter(weights?.version ?? '');
  }

  reacts(): Promise<boolean> {
    return this.#primary.model.reacts();
  }

  run(requests: readonly RunRequest[]): LiveRun {
    const { candidate, lane } = this.#candidate ?? {};
    if (!candidate || !lane || candidate.strategy === 'shadow') return this.#runDeployed(requests);
    const isRouted = requests.map((request) => isRoutedTo(candidate, request));
    return mergedRun(requests, isRouted, (each, isCanary) =>
      isCanary ? this.#runCovered(lane, each, this.#primary) : this.#runDeployed(each),
    );
  }

  #runDeployed(requests: readonly RunRequest[]): LiveRun {
    const live = this.#runCovered(this.#primary, requests, this.#fallback?.lane);
    const { shadow, candidate } = this.#candidate ?? {};
    if (!shadow || !candidate) return live;
    for (const [at, request] of requests.entries()) {
      if (!isRoutedTo(candidate, request)) continue;
      void live.outcomes[at]?.then((outcome) => {
        if ('response' in outcome) shadow.offer(request);
      });
    }
    return live;
  }

  #runCovered(lane: Lane, requests: readonly RunRequest[], backup: Lane | undefined): LiveRun {
    const options = { backup, hedgeMs: hedgeMsOf(backup), clock: this.#options.clock };
    return coveredRun(lane, requests, { ...options, onEnd: this.#judge.bind(this, lane) });
  }

  /** Serves what is deployed from now on. Changes nothing if it rejects: out of reach, or not set up before `stop`. */
  async apply(deployment: Deployment, stop?: AbortSignal): Promise<void> {
    this.#keepTallies();
    await this.#deploy(deployment, stop);
    await this.#rollOut(deployment.candidate, stop);
    this.#changed();
  }

  async #deploy(deployment: Deployment, stop?: AbortSignal): Promise<void> {
    const { guard } = deployment;
    if (deployment.version !== this.version) {
      const before = this.#primary;
      const known = this.#takeOver(deployment.version);
      this.#primary = known ?? this.#adopt(await before.model.beside(await this.#options.fetch(deployment), { stop }));
      if (guard && guard.version === before.model.version) this.#fallback = { lane: before, guard };
      else void before.model.retire();
      // A canary's tally goes on: it has been judged by it.
      if (!known) this.#primary.counter = new TallyCounter(deployment.version);
    }
    const isOver = !guard || guard.until <= this.#options.clock.now();
    if (this.#fallback && (isOver || guard.version !== this.#fallback.guard.version)) {
      void this.#fallback.lane.model.retire();
      this.#fallback = undefined;
    }
  }

  /** A process that runs this version already. */
  #takeOver(version: string): Lane | undefined {
    const [fallback, candidate] = [this.#fallback, this.#candidate];
    if (fallback?.lane.model.version === version) {
      this.#fallback = undefined;
      return fallback.lane;
    }
    if (candidate?.lane.model.version !== version || candidate.shadow) return undefined;
    this.#candidate = undefined;
    return candidate.lane;
  }

  async #rollOut(candidate: Candidate | undefined, stop?: AbortSignal): Promise<void> {
    const running = this.#candidate?.candidate;
    if (running && running.version === candidate?.version && running.startedAt === candidate.startedAt) {
      // The share may have been changed.
      this.#candidate = { ...(this.#candidate as RunningCandidate), candidate };
      return;
    }
    this.#endCandidate();
    if (!candidate) return;
    const isShadow = candidate.strategy === 'shadow';
    const weights = await this.#options.fetch(candidate);
    const lane = this.#adopt(await this.#primary.model.beside(weights, { inBackground: isShadow, stop }));
    this.#primary.counter = new TallyCounter(this.version ?? '');
    const { clock, onShadowAnswer: onAnswer = () => undefined } = this.#options;
    const shadow = isShadow ? new Shadow(lane, { clock, onAnswer, onEnd: this.#judge.bind(this, lane) }) : undefined;
    this.#candidate = { lane, candidate, shadow };
  }

  /** Ends a version that exceeds its limits. Call after each of its tasks. */
  #judge(lane: Lane, hasAnswered: boolean): void {
    if (hasAnswered && lane.counter.tally.tasks % JUDGED_EVERY !== 0) return;
    const [candidate, fallback] = [this.#candidate, this.#fallback];
    const isCandidate = candidate?.lane === lane;
    const rule = isCandidate ? candidate.candidate.rule : lane === this.#primary ? fallback?.guard.rule : undefined;
    const other = isCandidate ? this.#primary : fallback?.lane;
    if (!rule || !other) return;
    const isShadow = isCandidate && candidate.shadow !== undefined;
    const tallies = { candidate: lane.counter.tally, champion: other.counter.tally };
    // Time says nothing against a version, and only one process cannot promote it.
    const { decision, reasons } = decideRollout({ rule, isShadow, ...tallies, elapsedSeconds: 0 });
    if (decision === 'roll-back') this.reject(lane.counter.version, reasons);
  }

  /** Takes a version that is being rolled out away from its tasks. Does nothing for another one. */
  reject(version: string, reasons: readonly string[]): void {
    this.#keepTallies();
    if (this.#candidate?.lane.model.version === version) this.#endCandidate();
    else if (this.#fallback && this.version === version) {
      void this.#primary.model.retire();
      this.#primary = this.#fallback.lane;
      this.#fallback = undefined;
    } else return;
    const { logger, clock, onRejected } = this.#options;
    logger.warn('A version was taken out of service.', { version, reason: reasons.join(' ') });
    this.#changed();
    onRejected({ version, reasons, at: clock.now() });
  }

  #endCandidate(): void {
    this.#candidate?.shadow?.stop();
    void this.#candidate?.lane.model.retire();
    this.#candidate = undefined;
  }

  #adopt(model: RunningModel): Lane {
    const lane = laneOf(model);
    model.onCondition(() => this.#changed());
    model.failed.catch((error: unknown) => {
      const isOpen = lane === this.#primary || lane === this.#candidate?.lane;
      if (isOpen && (this.#fallback || lane !== this.#primary)) {
        this.reject(lane.counter.version, [`It could not be started again: ${String(error)}`]);
      } else if (isOpen) this.#failed.reject(error);
    });
    return lane;
  }

  #changed(): void {
    const { condition } = this;
    if (condition === this.#condition) return;
    this.#condition = condition;
    for (const listener of this.#listeners) listener(condition);
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary, this.#fallback?.lane, this.#candidate?.lane].map((lane) => lane?.model.close()));
  }
}
