import type { Task } from '#core';
import { type History, roundKey } from './history.ts';

/** A webhook as its receiver got it. */
export interface ReceivedHook extends Pick<Task, 'id' | 'state'> {
  readonly round: number;
  /** Whether it was signed with this secret. */
  readonly isSignedBy: (secret: string) => boolean;
}

/** A call that replaces the secret of an owner. */
export interface Rotation {
  readonly owner: string;
  endedMs?: number;
}

/** A secret as a caller was told it. */
interface KnownSecret {
  readonly secret: string;
  readonly askedMs: number;
  /** The rotation that made it, if the caller asked for one. */
  readonly by: Rotation | undefined;
}

interface Redelivery {
  readonly id: string;
  readonly round: number;
  readonly askedMs: number;
}

/** What the receivers of webhooks are told, and with which secrets they check it. */
export class HookRules {
  readonly #history: History;
  readonly #nowMs: () => number;
  readonly #rotations: Rotation[] = [];
  /** By the name of the caller. */
  readonly #secrets = new Map<string, KnownSecret>();
  #redeliveries: Redelivery[] = [];
  /** When the receiver has last taken the end of a round. */
  readonly #takenMs = new Map<string, number>();

  constructor(history: History, nowMs: () => number) {
    this.#history = history;
    this.#nowMs = nowMs;
  }

  /** A gateway begins to replace a secret. */
  rotationBegan(owner: string): Rotation {
    const rotation = { owner };
    this.#rotations.push(rotation);
    return rotation;
  }

  /** The receiver of a caller checks signatures with this secret from now on. */
  secretInstalled(caller: string, known: KnownSecret): void {
    this.#secrets.set(caller, known);
  }

  /** A gateway told a caller that an end is sent again. */
  redelivered(redelivery: Redelivery): void {
    const takenMs = this.#takenMs.get(roundKey(redelivery)) ?? 0;
    if (takenMs < redelivery.askedMs) this.#redeliveries.push(redelivery);
  }

  /** The rounds of a task whose end has to be sent again. */
  unsent(id: string): readonly number[] {
    return this.#redeliveries.filter((redelivery) => redelivery.id === id).map(({ round }) => round);
  }

  /** The receiver has taken it, or failed. Calls `fail` for each rule that it breaks. */
  received(hook: ReceivedHook, isTaken: boolean, fail: (rule: string, what: string) => void): void {
    const { id, round, state } = hook;
    const { ends, hooked } = this.#history;
    const shown = ends.get(roundKey({ id, round }))?.shown;
    if (shown === undefined || (JSON.parse(shown) as Task).state !== state) {
      fail('a webhook tells of an end', `${id} was told to be ${state} in round ${round}, and was ${shown}`);
    }
    const taken = hooked.get(id) ?? new Set();
    hooked.set(id, taken);
    for (let before = 0; before < round; before++) {
      if (taken.has(before)) continue;
      fail('webhooks come in order', `${id} was told of round ${round} before round ${before}`);
    }
    if (!this.#isVerified(hook)) fail('a receiver can verify', `${id} is not signed with a secret of its owner`);
    if (!isTaken) return;
    taken.add(round);
    this.#takenMs.set(roundKey(hook), this.#nowMs());
    this.#redeliveries = this.#redeliveries.filter((again) => again.id !== id || again.round !== round);
  }

  /** The secret before the last one signs, too. */
  #isVerified({ id, isSignedBy }: ReceivedHook): boolean {
    const plan = this.#history.planOfTask(id);
    const known = plan && this.#secrets.get(plan.name);
    if (!known) return true;
    const later = this.#rotations.filter(
      (each) => each !== known.by && each.owner === plan.owner && (each.endedMs ?? this.#nowMs()) >= known.askedMs,
    );
    return later.length > 1 || isSignedBy(known.secret);
  }
}
