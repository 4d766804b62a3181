/** Rows to fit or to predict, oldest first. */
export interface Examples {
  /** Names of the columns of `x`. */
  readonly features: readonly string[];
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
}

export interface TrainingOptions {
  /** As the caller gave them. Throws `invalid_input` for one that the trainer does not know. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** A fitted model. */
export interface Trained {
  /** By name. The same examples, parameters and seed have the same bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Versions of what has trained it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Rows with the predictions of the trainer itself, to compare with those of the files. */
  readonly probe: { readonly x: Examples['x']; readonly predictions: readonly number[] };
}

/** Fits models. */
export interface Trainer {
  train(examples: Examples, options: TrainingOptions): Promise<Trained>;
}
