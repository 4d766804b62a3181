/** Times in seconds. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** The mean probability of speech. */
  readonly confidence: number;
}

interface FinderOptions {
  /** Probability from which on a window is speech. */
  readonly threshold: number;
  readonly windowSeconds: number;
}

/** Speech goes on until a window is this much below the threshold. */
const HYSTERESIS = 0.15;
/** A pause of this length ends a segment. */
const PAUSE_SECONDS = 0.3;
/** Shorter segments are noise. */
const MIN_SECONDS = 0.2;

/** Joins windows with speech to segments. */
export class SegmentFinder {
  readonly #threshold: number;
  readonly #windowSeconds: number;
  #at = 0;
  /** The segment that is not over, as numbers of windows. */
  #open: { start: number; end: number; sum: number } | undefined;

  constructor({ threshold, windowSeconds }: FinderOptions) {
    this.#threshold = threshold;
    this.#windowSeconds = windowSeconds;
  }

  /** Takes the probability of the next window. Returns the segment that ended with it. */
  next(probability: number): Segment | undefined {
    const at = this.#at++;
    const isSpeech = probability >= this.#threshold - (this.#open ? HYSTERESIS : 0);
    if (isSpeech) {
      this.#open ??= { start: at, end: at, sum: 0 };
      this.#open.end = at + 1;
      this.#open.sum += probability;
      return undefined;
    }
    const isOver = this.#open && (at + 1 - this.#open.end) * this.#windowSeconds >= PAUSE_SECONDS;
    return isOver ? this.end(Number.POSITIVE_INFINITY) : undefined;
  }

  /** Returns the segment that goes on until the end of the file, `duration` seconds after its beginning. */
  end(duration: number): Segment | undefined {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return undefined;
    const start = open.start * this.#windowSeconds;
    const end = Math.min(duration, open.end * this.#windowSeconds);
    return end - start < MIN_SECONDS ? undefined : { start, end, confidence: open.sum / (open.end - open.start) };
  }
}
