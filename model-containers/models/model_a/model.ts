import { type Context, ModelARequest, ModelAResponse, Role } from '#proto/models/model_a.ts';
import { defineModel, InvalidInput } from '#runtime/define-model.ts';
import { manifest } from './manifest.ts';

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

/** The last user message, or `data` without a conversation. Throws `InvalidInput` when neither has text. */
export function chooseText({ data, messages }: ModelARequest): string {
  const text = messages.length === 0 ? data : messages.findLast(({ role, text }) => isUser(role) && text !== '')?.text;
  if (!text) throw new InvalidInput('There is no text to process: set data, or a message of the user with a text.');
  return text;
}

const isUser = (role: Role): boolean => role !== Role.ROLE_SYSTEM && role !== Role.ROLE_ASSISTANT;

/** Answers at once, so that it measures the system without a model. */
export default defineModel({
  manifest,
  request: ModelARequest,
  response: ModelAResponse,

  predict(_, request) {
    const text = chooseText(request);
    return { message: `Processed message: ${text}${describeContext(request.context)}` };
  },
});
