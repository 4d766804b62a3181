import type { HeaderFields } from './header-fields.ts';
import { splitAssignment, splitUnquoted } from './http-syntax.ts';

/** The longest wait, below the 29 s timeout of API Gateway. */
export const MAX_WAIT_SECONDS = 25;

export interface WaitPreference {
  /** Whole seconds, 0–25. Undefined without a valid preference. */
  readonly seconds: number | undefined;
  /** The value of `Preference-Applied`. */
  readonly applied: string | undefined;
}

/**
 * Reads `Prefer: wait=N` (RFC 7240). Longer waits are reduced to 25 s, malformed ones are ignored. `respond-async`
 * without a wait means 0.
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

/** Preferences by lower-case name, without parameters. The first of repeated ones counts (RFC 7240, section 2). */
export function parsePrefer(header: string): ReadonlyMap<string, string> {
  const preferences = new Map<string, string>();
  for (const member of splitUnquoted(header, ',')) {
    const [preference = ''] = splitUnquoted(member, ';');
    const [name, value] = splitAssignment(preference);
    if (name !== '' && !preferences.has(name)) preferences.set(name, value ?? '');
  }
  return preferences;
}
