import type { Actor, Engine } from './engine.ts';
import { FAULT_KINDS, type Fault, type FaultKind, type Faults } from './faults.ts';
import { hashText } from './random.ts';

/** Where calls go. */
export interface Host {
  readonly actor: Actor;
  /** Calls are refused while this is true. */
  isDown(caller: Actor): boolean;
}

/** A call that is not answered yet. */
export interface Begun {
  readonly caller: Actor;
  /** For the trace. */
  readonly name: string;
  readonly describe?: () => string;
  /** Id of the task that it is about. */
  readonly about?: string | undefined;
  /** @default all that can happen to a call */
  readonly faults?: ReadonlySet<FaultKind>;
}

/** The result of a call on the network. */
export interface Fate {
  readonly fault: Fault | undefined;
  readonly thereMs: number;
  readonly backMs: number;
}

export interface Call<T> extends Begun {
  readonly host: Host;
  /** What the host does. A promise is waited for. */
  readonly serve: () => T | Promise<T>;
  /** The error of the caller when the call fails on the network. */
  readonly failure: (why: string) => Error;
  /** Shown in the trace. */
  readonly show?: (value: T) => string;
}

export interface NetworkOptions {
  /** A name of a task that does not depend on random ids. */
  readonly subjectOf: (taskId: string) => string;
  readonly engine: Engine;
  readonly faults: Faults;
  readonly trace: (actor: Actor, text: () => string) => void;
  readonly onFreeze: (actor: Actor, ms: number) => void;
  readonly kill: (actor: Actor, why: string) => void;
}

const ALL_FAULTS: ReadonlySet<FaultKind> = new Set(FAULT_KINDS);

/** Timeout of a caller, in milliseconds. */
const PATIENCE_MS = { min: 2_000, max: 10_000 };
const MAX_LATE_MS = 90_000;
const MAX_REPEAT_MS = 30_000;
const MAX_SLOW_MS = 8_000;
const MAX_FROZEN_MS = 100_000;

const span = (severity: number, min: number, max: number): number => min + severity * (max - min);

/** Calls between actors, with latencies and faults. Responses to a dead actor are dropped. */
export class Network {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Decides what happens to a call. Faults of the caller itself take effect at once. */
  begin(call: Begun): Fate {
    const { engine, faults, trace, kill } = this.#options;
    const { caller, name, describe } = call;
    const point = this.#pointOf(call);
    const fault = faults.draw(point, call.faults ?? ALL_FAULTS);
    trace(caller, () => {
      const told = fault ? `  [fault ${fault.id}: ${fault.kind}]` : '';
      return `${name}${describe ? ` ${describe()}` : ''}${told}`;
    });
    if (fault?.kind === 'crash-before') kill(caller, `before ${name}`);
    if (fault?.kind === 'freeze') this.freeze(caller, span(fault.severity ** 2, 1_000, MAX_FROZEN_MS));
    const key = hashText(point);
    const slowMs = fault?.kind === 'slow' ? span(fault.severity, 200, MAX_SLOW_MS) : 0;
    return {
      fault,
      thereMs: engine.latency(key, 0.5, 5) + slowMs,
      backMs: engine.latency(key + 1, 0.5, 5) + slowMs,
    };
  }

  call<T>(call: Call<T>): Promise<T> {
    const { engine, kill } = this.#options;
    const { caller, failure } = call;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // A dead process neither sends nor receives.
    if (!caller.isAlive) return promise;
    const { fault, thereMs, backMs } = this.begin(call);
    if (!caller.isAlive) return promise;
    const patienceMs = span(fault?.severity ?? 0, PATIENCE_MS.min, PATIENCE_MS.max);
    const fail = (ms: number, why: string) => engine.after(caller, ms, () => reject(failure(why)));
    const isHeard = () => undefined;

    switch (fault?.kind) {
      case 'refuse':
        fail(thereMs + backMs, 'refused');
        return promise;
      case 'lose-request':
        fail(patienceMs, 'no answer');
        return promise;
      case 'lose-reply':
        this.#serve(call, thereMs, isHeard);
        fail(patienceMs, 'no answer');
        return promise;
      case 'late':
        this.#serve(call, patienceMs + span(fault.severity, 1, MAX_LATE_MS), isHeard);
        fail(patienceMs, 'no answer');
        return promise;
      case 'crash-after':
        this.#serve(call, thereMs, () => kill(caller, `after ${call.name}`));
        return promise;
      case 'twice':
        this.#serve(call, thereMs + span(fault.severity, 5, MAX_REPEAT_MS), isHeard);
    }
    this.#serve(call, thereMs, (outcome) => {
      engine.after(caller, backMs, () => {
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.value);
      });
    });
    return promise;
  }

  /** The same for the same call when other actors or tasks are left out. */
  #pointOf({ caller, name, about }: Begun): string {
    const what = `${name} ${about === undefined ? '-' : this.#options.subjectOf(about)}`;
    const count = (caller.calls.get(what) ?? 0) + 1;
    caller.calls.set(what, count);
    return `${caller.name}: ${what} #${count}`;
  }

  freeze(actor: Actor, ms: number): void {
    const { engine, trace, onFreeze } = this.#options;
    actor.frozenUntil = Math.max(actor.frozenUntil, engine.now + ms);
    trace(actor, () => `frozen for ${(ms / 1000).toFixed(1)} s`);
    onFreeze(actor, ms);
  }

  #serve<T>(call: Call<T>, ms: number, done: (outcome: Outcome<T>) => void): void {
    const { engine, trace } = this.#options;
    const { host, caller, serve, failure, name, show } = call;
    const end = (outcome: Outcome<T>) => {
      trace(
        host.actor,
        () => `${name} of ${caller.name}: ${'error' in outcome ? outcome.error : (show?.(outcome.value) ?? 'done')}`,
      );
      done(outcome);
    };
    engine.after(host.actor, ms, () => {
      // A synchronous server leaves no pending promises.
      engine.isSettled = true;
      if (host.isDown(caller)) return done({ error: failure('down') });
      try {
        const value = serve();
        if (value instanceof Promise) {
          engine.isSettled = false;
          value.then(
            (value) => end({ value }),
            (error) => end({ error }),
          );
          return;
        }
        end({ value });
      } catch (error) {
        end({ error });
      }
    });
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };
