/** What raises alerts, and who is told. `PUT /alert-rules/{rule}` changes it. */
export interface AlertRule {
  readonly name: string;
  /** `drift`: a feature has drifted. `error`: the error of a window is at least `threshold`. */
  readonly kind: 'drift' | 'error';
  /** @default every model */
  readonly model?: string;
  /** Of `drift`. @default every feature, and the predictions */
  readonly feature?: string;
  /** Of `error`. Accuracy raises an alert when it is at most the threshold. */
  readonly metric?: ErrorMetric;
  readonly threshold?: number;
  /** Good windows in a row that resolve an alert. @default 1 */
  readonly resolve_after: number;
  /** Pause between two reports of an alert that goes on. @default one day */
  readonly repeat_seconds: number;
  readonly channels: readonly AlertChannel[];
}

export const ERROR_METRICS = ['mae', 'rmse', 'accuracy'] as const;
type ErrorMetric = (typeof ERROR_METRICS)[number];

/** Where an alert is reported. */
export type AlertChannel =
  | { readonly kind: 'webhook'; readonly url: string }
  | { readonly kind: 'email'; readonly to: string };

export const RULE_DEFAULTS = { resolve_after: 1, repeat_seconds: 86_400, channels: [] } as const;

/** Without it, nobody would see drift before somebody writes a rule. A rule of the same name replaces it. */
export const DRIFT_RULE: AlertRule = { name: 'drift', kind: 'drift', ...RULE_DEFAULTS };

/** Something that is wrong. One fingerprint is one alert. Times are Unix milliseconds. */
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
  /** When it was reported last. Null while it is silenced and was not reported. */
  readonly reportedAt: number | null;
}

/** A window as one rule sees one feature of it. */
export interface Judgement {
  readonly fingerprint: string;
  readonly isBad: boolean;
  readonly reason: string;
  /** Start of the window. */
  readonly window: number;
}

type Report = 'firing' | 'resolved';

export interface AlertStep {
  /** Undefined: nothing is known, and nothing is wrong. */
  readonly alert: Alert | undefined;
  readonly report?: Report;
}

/** The alert after a window. Repetitions and older windows change nothing, except that a bad older one never resolves. */
export function judgeWindow(
  alert: Alert | undefined,
  { fingerprint, isBad, reason, window }: Judgement,
  {
    resolveAfter,
    now,
    isSilenced,
  }: { readonly resolveAfter: number; readonly now: number; readonly isSilenced: boolean },
): AlertStep {
  if (alert && window < alert.window) return { alert };
  if (isBad) {
    if (alert?.state === 'firing') return { alert: { ...alert, window, goodWindows: 0, reason } };
    // The window that resolved it was judged again.
    const begun: Alert = {
      ...{ fingerprint, state: 'firing', reason, startedAt: now, episode: (alert?.episode ?? 0) + 1 },
      ...{ resolvedAt: null, window, goodWindows: 0, reportedAt: isSilenced ? null : now },
    };
    return isSilenced ? { alert: begun } : { alert: begun, report: 'firing' };
  }
  if (alert?.state !== 'firing') return { alert: alert && { ...alert, window } };
  if (window === alert.window && alert.goodWindows > 0) return { alert };
  const goodWindows = alert.goodWindows + 1;
  if (goodWindows < resolveAfter) return { alert: { ...alert, window, goodWindows } };
  const resolved: Alert = { ...alert, state: 'resolved', window, goodWindows, resolvedAt: now };
  // Nobody is told of the end of what nobody was told of.
  return alert.reportedAt === null ? { alert: resolved } : { alert: resolved, report: 'resolved' };
}

/** What time alone causes: a repetition, or the first report after a silence. */
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
