/** The condition of alerts, and the channels that receive them. `PUT /alert-rules/{rule}` changes it. */
export interface AlertRule {
  readonly name: string;
  readonly kind: AlertKind;
  /** @default every model */
  readonly model?: string;
  /** Of `drift`. @default every feature, and the predictions */
  readonly feature?: string;
  /** Of `error` and `latency`. Accuracy raises an alert when it is at most the threshold. @default `run_p99` of latency */
  readonly metric?: ErrorMetric | LatencyMetric;
  /** A share for `failures`, milliseconds for `latency`, windows in a row for `missing`. @default 1 window */
  readonly threshold?: number;
  /** Of `failures` and `latency`: the span that is judged, in whole minutes. @default 300 */
  readonly window_seconds?: number;
  /** Of `failures` and `latency`: spans with fewer ended tasks are not judged. @default 20 */
  readonly min_tasks?: number;
  /** Good windows in a row that resolve an alert. @default 1 */
  readonly resolve_after: number;
  /** Pause between two reports of an alert that goes on. @default one day */
  readonly repeat_seconds: number;
  readonly channels: readonly AlertChannel[];
}

/**
 * `drift`: a feature has drifted. `error`: the error of a window passes `threshold`. `failures`: the share of failed tasks
 * does. `latency`: the time that tasks take does. `missing`: a model that had windows gets none.
 */
export const ALERT_KINDS = ['drift', 'error', 'failures', 'latency', 'missing'] as const;
type AlertKind = (typeof ALERT_KINDS)[number];

export const ERROR_METRICS = ['mae', 'rmse', 'accuracy'] as const;
type ErrorMetric = (typeof ERROR_METRICS)[number];

/** The time that tasks run, and that they wait before. */
export const LATENCY_METRICS = ['run_p50', 'run_p90', 'run_p99', 'queue_p50', 'queue_p90', 'queue_p99'] as const;
type LatencyMetric = (typeof LATENCY_METRICS)[number];

/** Where an alert is reported. */
export type AlertChannel =
  | { readonly kind: 'webhook'; readonly url: string }
  | { readonly kind: 'email'; readonly to: string }
  /** The ARN of a topic of Amazon SNS. */
  | { readonly kind: 'sns'; readonly topic: string };

export const RULE_DEFAULTS = { resolve_after: 1, repeat_seconds: 86_400, channels: [] } as const;

/** The default rule reports drift before any rule is written. A rule of the same name replaces it. */
export const DRIFT_RULE: AlertRule = { name: 'drift', kind: 'drift', ...RULE_DEFAULTS };

/** A reported problem. One fingerprint is one alert. Times are Unix milliseconds. */
export interface Alert {
  /** Of rule, model, version and feature. */
  readonly fingerprint: string;
  readonly state: 'firing' | 'resolved';
  readonly reason: string;
  /** When it began; the number of alerts of this fingerprint before. */
  readonly startedAt: number;
  readonly episode: number;
  readonly resolvedAt: number | null;
  /** Start of the newest window that was judged. */
  readonly window: number;
  /** Good windows since the last bad one. */
  readonly goodWindows: number;
  /** Time of the last report. Null before the first one, for example while it is silenced. */
  readonly reportedAt: number | null;
  /** When a window was judged last, and how long it was. */
  readonly judgedAt?: number;
  readonly windowMs?: number;
}

/** A window as one rule sees one feature of it. */
export interface Judgement {
  readonly fingerprint: string;
  readonly isBad: boolean;
  readonly reason: string;
  /** Start of the window. */
  readonly window: number;
  readonly windowMs?: number;
}

type Report = 'firing' | 'resolved';

export interface AlertStep {
  /** Undefined: unknown, which counts as good. */
  readonly alert: Alert | undefined;
  readonly report?: Report;
}

interface Circumstances {
  readonly resolveAfter: number;
  readonly now: number;
  readonly isSilenced: boolean;
}

/** The alert after a window. Repetitions and older windows change nothing, except that a bad older one never resolves. */
export function judgeWindow(
  alert: Alert | undefined,
  { fingerprint, isBad, reason, window, windowMs }: Judgement,
  { resolveAfter, now, isSilenced }: Circumstances,
): AlertStep {
  if (alert && window < alert.window) return { alert };
  const judged = { judgedAt: now, ...(windowMs === undefined ? {} : { windowMs }) };
  if (isBad) {
    if (alert?.state === 'firing') return { alert: { ...alert, ...judged, window, goodWindows: 0, reason } };
    // The window that resolved it was judged again.
    const begun: Alert = {
      ...{ fingerprint, state: 'firing', reason, startedAt: now, episode: (alert?.episode ?? 0) + 1 },
      ...{ resolvedAt: null, window, goodWindows: 0, reportedAt: isSilenced ? null : now, ...judged },
    };
    return isSilenced ? { alert: begun } : { alert: begun, report: 'firing' };
  }
  if (alert?.state !== 'firing') return { alert: alert && { ...alert, window } };
  if (window === alert.window && alert.goodWindows > 0) return { alert };
  const goodWindows = alert.goodWindows + 1;
  if (goodWindows < resolveAfter) return { alert: { ...alert, ...judged, window, goodWindows } };
  return resolved({ ...alert, ...judged, window, goodWindows }, now);
}

/** An alert that was never reported is resolved without a report. */
const resolved = (alert: Alert, now: number): AlertStep => ({
  alert: { ...alert, state: 'resolved', resolvedAt: now },
  ...(alert.reportedAt === null ? {} : { report: 'resolved' }),
});

const LEAST_SILENCE_MS = 15 * 60_000;
const USUAL_WINDOW_MS = 3600_000;

/**
 * Resolves an alert whose windows have ended, because another version is deployed or requests stopped: after two windows
 * more than resolve it, and a quarter of an hour at least.
 */
export function resolveWithoutWindows(
  alert: Alert,
  { resolveAfter, now }: Omit<Circumstances, 'isSilenced'>,
): AlertStep {
  const { judgedAt = alert.startedAt, windowMs = USUAL_WINDOW_MS } = alert;
  const isOver = now - judgedAt >= Math.max(LEAST_SILENCE_MS, (resolveAfter + 2) * windowMs);
  if (alert.state !== 'firing' || !isOver) return { alert };
  return resolved({ ...alert, reason: `${alert.reason} There are no more windows to judge.` }, now);
}

/** Reports that are due by time: a repetition, or the first report after a silence. */
export function reportInTime(
  alert: Alert,
  { repeatMs, now, isSilenced }: { readonly repeatMs: number; readonly now: number; readonly isSilenced: boolean },
): AlertStep {
  if (alert.state !== 'firing' || isSilenced) return { alert };
  if (alert.reportedAt !== null && now < alert.reportedAt + repeatMs) return { alert };
  return { alert: { ...alert, reportedAt: now }, report: 'firing' };
}

/** Alerts that are not reported. A field that is null fits every alert. */
export interface Silence {
  readonly rule: string | null;
  readonly model: string | null;
  readonly feature: string | null;
  readonly startsAt: number;
  readonly endsAt: number;
}

export const isSilencing = (
  { startsAt, endsAt, ...fields }: Silence,
  about: { readonly rule: string; readonly model: string; readonly feature: string },
  now: number,
): boolean =>
  startsAt <= now &&
  now < endsAt &&
  (['rule', 'model', 'feature'] as const).every((name) => fields[name] === null || fields[name] === about[name]);
