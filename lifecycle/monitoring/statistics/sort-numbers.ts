/** Shorter lists are sorted faster by comparing. */
const LEAST_FOR_RADIX = 32_768;
const BUCKETS = 2 ** 16;
const DIGITS = 4;
/** The highest digit of negative numbers is not below it. */
const SIGN = 2 ** 15;

/**
 * Sorts numbers that are not NaN into the order of `Float64Array.prototype.sort`, for less than half of its processor
 * time when they are many: by the four digits of 16 bits that each has, the lowest first. May change `values`.
 */
export function sortNumbers(values: Float64Array): Float64Array {
  if (values.length < LEAST_FOR_RADIX) return values.sort();
  const starts = startsOfDigits(values);
  let from = values;
  let to: Float64Array = new Float64Array(values.length);
  for (const [digit, next] of starts.entries()) {
    moveByDigit(from, to, digit, next);
    [from, to] = [to, from];
  }
  // The bits of negative numbers are above those of the others, and grow towards minus infinity.
  const digits = digitsOf(from);
  let positives = 0;
  while (positives < from.length && (digits[DIGITS * positives + DIGITS - 1] as number) < SIGN) positives++;
  to.set(from.subarray(positives).reverse());
  to.set(from.subarray(0, positives), from.length - positives);
  return to;
}

/** The bits of each number, the lowest first, as all machines that this runs on store them. */
const digitsOf = (values: Float64Array): Uint16Array =>
  new Uint16Array(values.buffer, values.byteOffset, DIGITS * values.length);

/** For each digit, where the numbers with each value of it begin. */
function startsOfDigits(values: Float64Array): readonly Uint32Array[] {
  const digits = digitsOf(values);
  return Array.from({ length: DIGITS }, (_, digit) => {
    const counts = new Uint32Array(BUCKETS);
    for (let at = digit; at < digits.length; at += DIGITS) {
      const bucket = digits[at] as number;
      counts[bucket] = (counts[bucket] as number) + 1;
    }
    let start = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = counts[bucket] as number;
      counts[bucket] = start;
      start += count;
    }
    return counts;
  });
}

/** Numbers with the same digit stay in their order. Counts the numbers in `next`. */
function moveByDigit(from: Float64Array, to: Float64Array, digit: number, next: Uint32Array): void {
  const digits = digitsOf(from);
  for (let at = 0; at < from.length; at++) {
    const bucket = digits[DIGITS * at + digit] as number;
    const position = next[bucket] as number;
    next[bucket] = position + 1;
    to[position] = from[at] as number;
  }
}
