/** How a model is watched. `PUT /models/{model}/monitor` changes it. */
export interface MonitorSettings {
  /** Length of a window. Windows start at multiples of it. @default 3600 */
  readonly window_seconds: number;
  /** How long after its end a window waits for predictions on their way. @default 120 */
  readonly grace_seconds: number;
  /** A window with fewer predictions is not tested for drift. @default 30 */
  readonly min_predictions: number;
  /** Tests of features other than the default ones. */
  readonly tests: Readonly<Record<string, TestSettings>>;
}

interface TestSettings {
  readonly statistic?: string;
  readonly threshold?: number;
}

export const MONITOR_DEFAULTS: MonitorSettings = {
  window_seconds: 3600,
  grace_seconds: 120,
  min_predictions: 30,
  tests: {},
};

/** The response of `GET /models/{model}/monitor` and of the query `monitor` of this service. */
export interface MonitorReport {
  readonly model: string;
  readonly settings: MonitorSettings;
  /** Outcomes that were recorded, and how many were refused, by the code of the error. */
  readonly outcomes: { readonly recorded: number; readonly refused: Readonly<Record<string, number>> };
  /** The newest first. */
  readonly windows: readonly MonitorWindow[];
}

/** The predictions of one version in one span of time. Times are ISO 8601. */
export interface MonitorWindow {
  readonly version: string;
  readonly start: string;
  /** Not included. */
  readonly end: string;
  /** An `open` window still gets predictions and is not judged. */
  readonly state: 'open' | 'closed';
  /** Whether the version ran as a shadow only. */
  readonly shadow: boolean;
  readonly predictions: number;
  readonly drifted: boolean;
  readonly drift: readonly DriftFinding[];
  /** By column; `prediction` is the answer. */
  readonly quality: Readonly<Record<string, ColumnQuality>>;
  /** Null while no outcome is known. */
  readonly performance: Performance | null;
  /** Null while the window has not been computed. */
  readonly computed_at: string | null;
}

export interface DriftFinding {
  readonly feature: string;
  readonly statistic: string;
  /** The statistic itself. */
  readonly value: number;
  /** For statistics with a p-value, a lower p-value is drift; for the others, a value of at least this is. */
  readonly threshold: number;
  readonly p_value: number | null;
  readonly drifted: boolean;
}

export interface ColumnQuality {
  readonly type: 'number' | 'category';
  readonly rows: number;
  /** Of these, how many have no value. */
  readonly missing: number;
  readonly distinct: number;
  /** Below or above everything in the training set, or a category that it does not have. */
  readonly unseen: number;
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  readonly deviation?: number;
}

/** Of the predictions whose outcome is known. */
export interface Performance {
  /** How many. */
  readonly outcomes: number;
  /** Of numbers. `bias`: the mean of prediction minus outcome. */
  readonly mae?: number;
  readonly rmse?: number;
  readonly bias?: number;
  /** Of classes: the share that was right. */
  readonly accuracy?: number;
}

/** The payload of `drift.detected`, once per version, window and feature. */
export interface DriftDetected {
  readonly model: string;
  readonly version: string;
  readonly window: { readonly start: string; readonly end: string };
  readonly shadow: boolean;
  readonly feature: string;
  readonly statistic: string;
  readonly value: number;
  readonly threshold: number;
  /** Where the statistic has one. */
  readonly p_value: number | null;
}

/** The payload of `window.computed`: a window was judged, or again because of late predictions or outcomes. */
export interface WindowComputed {
  readonly model: string;
  readonly version: string;
  readonly window: { readonly start: string; readonly end: string };
  readonly shadow: boolean;
  readonly predictions: number;
  /** Names of the features that have drifted. */
  readonly drifted: readonly string[];
  /** Names of the features that were tested. None in a window with too few predictions. */
  readonly tested: readonly string[];
  readonly performance: Performance | null;
  /** Increases each time. */
  readonly revision: number;
}

/** Owner of the stages that instances start to log predictions. No user has this id. */
export const PREDICTION_LOG_OWNER = 'prediction-log';

/** One response in a batch of the prediction log, as an instance sends it. */
export interface LoggedPrediction {
  /** Of the task. */
  readonly id: string;
  readonly owner: string;
  /** When the task was submitted, Unix milliseconds. */
  readonly at: number;
  /** Hash of the contract of the request. */
  readonly contract: string;
  readonly response_contract: string;
  /** Encoded messages as base64. Null if they are too large to be logged. */
  readonly request: string | null;
  readonly response: string | null;
  /** @default the response says it in its field `model_version` */
  readonly version?: string;
  /** Whether the caller received the response of another version. @default false */
  readonly shadow?: boolean;
}
