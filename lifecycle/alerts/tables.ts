import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { manifest } from './manifest.ts';

/** Times are Unix milliseconds; objects are JSON. */
export interface AlertTables {
  rules: { name: string; rule: string; updated_at: number; updated_by: string };
  alerts: AlertRow;
  silences: SilenceRow;
  deliveries: DeliveryRow;
  /** The newest judged window of each model. */
  newest_windows: { model: string; start_at: number; length_ms: number };
}

export interface AlertRow {
  /** Primary key. */
  fingerprint: string;
  rule: string;
  model: string;
  /** Empty for tasks and missing windows. */
  version: string;
  /** Empty unless a feature has drifted. */
  feature: string;
  state: 'firing' | 'resolved';
  started_at: number;
  /** An `Alert`. */
  alert: string;
}

export interface SilenceRow {
  id: string;
  rule: string | null;
  model: string | null;
  feature: string | null;
  comment: string;
  starts_at: number;
  ends_at: number;
  created_by: string;
}

/** One report to one channel. */
export interface DeliveryRow {
  /** Derived from content and channel, so that a repetition finds it. */
  id: string;
  fingerprint: string;
  /** An `AlertChannel`. */
  channel: string;
  /** Whose secret signs it. */
  owner: string;
  body: string;
  state: 'pending' | 'delivered' | 'failed';
  /** When a sender has to act; the end of its lease while one does. */
  due_at: number | null;
  failures: number;
  /** A list of `WebhookAttempt`. */
  attempts: string;
  created_at: number;
}

export const alertsDatabase = (lifecycle: Pick<Lifecycle, 'stores'>) => databaseOf<AlertTables>(lifecycle, manifest);
