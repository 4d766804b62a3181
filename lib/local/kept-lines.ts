import { type LogLine, type LogQuery, matchingLines } from '#core';
import type { LogEvent } from '#gateway/log-event.ts';

/** Lines that are kept of each model. */
const MAX_LINES = 2_000;

/** The newest lines of every model, for `GET /models/{model}/logs`. */
export class KeptLines {
  readonly #lines = new Map<string, LogLine[]>();

  add(model: string, instance: string, { time, level, message, fields }: LogEvent): void {
    const lines = this.#lines.get(model) ?? [];
    this.#lines.set(model, lines);
    lines.push({ at: time, instance, level, message, fields });
    // Rarely, because removing from the start of an array moves all others.
    if (lines.length > 2 * MAX_LINES) lines.splice(0, lines.length - MAX_LINES);
  }

  read(model: string, query: LogQuery): readonly LogLine[] {
    return matchingLines((this.#lines.get(model) ?? []).slice(-MAX_LINES), query);
  }
}
