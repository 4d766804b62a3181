/** Longer than the name of any variant. */
const MAX_VARIANT_LENGTH = 200;

/**
 * The numbers of a result in the order of its fields, as JSON; a result without any is there as a whole. `variant` is
 * what its field of this name says.
 */
export function flattenResult(text: string): { readonly pieces: readonly Uint8Array[]; readonly variant?: string } {
  const result: unknown = JSON.parse(text);
  const members = typeof result === 'object' && result !== null ? result : {};
  const numbers = Object.values(members)
    .flat()
    .filter((value) => typeof value === 'number');
  const { variant } = members as { readonly variant?: unknown };
  const isVariant = typeof variant === 'string' && variant.length <= MAX_VARIANT_LENGTH;
  return {
    pieces: [Buffer.from(numbers.length > 0 ? JSON.stringify(numbers) : `[${text}]`)],
    ...(isVariant ? { variant } : {}),
  };
}
