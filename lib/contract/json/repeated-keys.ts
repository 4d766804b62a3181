/** Whether a valid JSON text has more keys than what it was parsed to, so that one was given twice. */
export const hasRepeatedKeys = (text: string, value: unknown): boolean =>
  typeof value === 'object' && value !== null && keysInText(text) !== keysInValue(value);

function keysInText(text: string): number {
  let keys = 0;
  for (let start = text.indexOf('"'); start !== -1; ) {
    const end = endOfString(text, start);
    let next = end;
    while (isSpace(text.charCodeAt(next))) next += 1;
    if (text.charAt(next) === ':') keys += 1;
    start = text.indexOf('"', next);
  }
  return keys;
}

/** The index after the closing quote: a quote that an even number of backslashes precedes. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text.charAt(before - 1) === '\\') before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

function keysInValue(root: object): number {
  const waiting: object[] = [root];
  let keys = 0;
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value)) keys += members.length;
    for (const member of members) {
      if (typeof member === 'object' && member !== null) waiting.push(member);
    }
  }
  return keys;
}
