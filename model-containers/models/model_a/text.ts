import { type ModelARequest, Role } from '#proto/models/model_a.ts';
import { InvalidInput } from '#runtime/define-model.ts';

/** The last user message, or `data` without a conversation. Throws `InvalidInput` when neither has text. */
export function chooseText({ data, messages }: ModelARequest): string {
  const text = messages.length === 0 ? data : messages.findLast(({ role, text }) => isUser(role) && text !== '')?.text;
  if (!text) throw new InvalidInput('There is no text to process: set data, or a message of the user with a text.');
  return text;
}

const isUser = (role: Role): boolean => role !== Role.ROLE_SYSTEM && role !== Role.ROLE_ASSISTANT;
