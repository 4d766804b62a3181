import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { ModelyardError, type Unavailable } from '#core';
import type { Item } from './attributes.ts';
import { translated } from './errors.ts';

/** A write that went through, or the row that stood in its way; without `item` when it has gone since. */
export type ConditionalOutcome = 'done' | { readonly item: Item | undefined };

/** Runs a conditional write; when its condition fails, answers with the row as it was, or is now where AWS does not say. */
export async function conditionalWrite(
  code: Unavailable,
  write: () => Promise<unknown>,
  read: () => Promise<Item | undefined>,
): Promise<ConditionalOutcome> {
  try {
    await translated(code, write);
    return 'done';
  } catch (error) {
    const cause = error instanceof ModelyardError ? error.cause : undefined;
    if (!(cause instanceof ConditionalCheckFailedException)) throw error;
    return { item: cause.Item ?? (await read()) };
  }
}
