import type { HeaderFields } from './header-fields.ts';
import { splitAssignment, splitUnquoted } from './http-syntax.ts';

/** The longest a request may wait for its task: below the 29 s that API Gateway waits for a handler. */
export const MAX_WAIT_SECONDS = 25;

/** How long the caller would wait, as far as it said. */
export interface WaitPreference {
  /** Whole seconds, 0–25; undefined when the caller said nothing that can be read. */
  readonly seconds: number | undefined;
  /** The `Preference-Applied` value to answer when the preference was honoured. */
  readonly applied: string | undefined;
}

/**
 * Reads `Prefer: wait=N` (RFC 7240). Longer waits count as 25 s, malformed ones as not sent;
 * `respond-async` without a wait means not to wait at all.
 */
export function waitPreference(headers: HeaderFields): WaitPreference {
  const preferences = parsePrefer(headers.list('prefer') ?? '');
  const wait = preferences.get('wait') ?? '';
  if (/^\d+$/.test(wait)) {
    const seconds = Math.min(Number(wait), MAX_WAIT_SECONDS);
    return { seconds, applied: `wait=${seconds}` };
  }
  return preferences.has('respond-async')
    ? { seconds: 0, applied: 'respond-async' }
    : { seconds: undefined, applied: undefined };
}

/** Preferences by lower-case name, without their parameters. Of a repeated one the first counts (RFC 7240, section 2). */
export function parsePrefer(header: string): ReadonlyMap<string, string> {
  const preferences = new Map<string, string>();
  for (const member of splitUnquoted(header, ',')) {
    const [preference = ''] = splitUnquoted(member, ';');
    const [name, value] = splitAssignment(preference);
    if (name !== '' && !preferences.has(name)) preferences.set(name, value ?? '');
  }
  return preferences;
}
