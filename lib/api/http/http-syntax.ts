/** A list member with its parameters, whose names are in lower case. */
export interface ListMember {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Splits at separators outside of quoted strings (RFC 9110, section 5.6). */
export function splitUnquoted(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted && char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** Parses `a;x=1, b;y="2"`. Skips empty members; of a repeated parameter the first one counts. */
export const parseMembers = (text: string): ListMember[] => splitUnquoted(text, ',').map(parseMember);

function parseMember(text: string): ListMember {
  const [value = '', ...rest] = splitUnquoted(text, ';');
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [name, argument] = splitAssignment(part);
    if (!parameters.has(name)) parameters.set(name, argument ?? '');
  }
  return { value, parameters };
}

/** `name = "value"` → `['name', 'value']`. The name is in lower case; the value is undefined without `=`. */
export function splitAssignment(text: string): [name: string, value: string | undefined] {
  const equals = text.indexOf('=');
  if (equals < 0) return [text.trim().toLowerCase(), undefined];
  return [text.slice(0, equals).trim().toLowerCase(), unquote(text.slice(equals + 1).trim())];
}

const unquote = (text: string): string =>
  text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
