/** A value as text of a page. */
export const escaped = (value: unknown): string =>
  String(value ?? '').replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
