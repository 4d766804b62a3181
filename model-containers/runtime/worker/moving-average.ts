/** Weight of the newest value: about the last twenty count. */
const WEIGHT = 0.1;

/** An exponentially weighted moving average; its value is undefined until something was added. */
export function createMovingAverage() {
  let value: number | undefined;
  return {
    add(sample: number): void {
      value = value === undefined ? sample : value + WEIGHT * (sample - value);
    },
    get value(): number | undefined {
      return value;
    },
  };
}
