import type { Context } from '#proto/models/model_a.ts';
import { InvalidInput } from '#runtime/define-model.ts';

const MAX_SESSION_ID_LENGTH = 128;

/** The context in parentheses, for example ` (session s-1, language en-GB, channel=web)`. Throws `InvalidInput`. */
export function describeContext(context: Context | undefined): string {
  if (!context) return '';
  const attributes = Object.entries(context.attributes).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const parts = [
    ...describeSession(context.session_id),
    ...describeLocale(context.locale),
    ...attributes.map(([name, value]) => `${name}=${value}`),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function describeSession(sessionId: string): string[] {
  if (sessionId.length > MAX_SESSION_ID_LENGTH)
    throw new InvalidInput(`context.session_id has more than ${MAX_SESSION_ID_LENGTH} characters.`);
  return sessionId === '' ? [] : [`session ${sessionId}`];
}

function describeLocale(locale: string): string[] {
  if (locale === '') return [];
  try {
    return [`language ${Intl.getCanonicalLocales(locale).join()}`];
  } catch (cause) {
    if (cause instanceof RangeError) throw new InvalidInput('context.locale is not a BCP 47 language tag.', { cause });
    throw cause;
  }
}
