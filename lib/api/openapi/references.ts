/** An immutable JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Renames every `$ref` of a value. */
export function renameReferences(value: unknown, rename: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? rename(member) : renameReferences(member, rename),
    ]),
  );
}

/** Every `$ref` of a value. */
export function referencesIn(value: unknown): readonly string[] {
  const found: string[] = [];
  renameReferences(value, (reference) => {
    found.push(reference);
    return reference;
  });
  return found;
}
