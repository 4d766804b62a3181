import { DEFAULT_SIZE, type ModelManifest } from '#catalog/manifest.ts';

/** What Fargate gives besides CPU units, in MiB: the least, the most and the steps between. */
const MEMORY: Readonly<Record<number, readonly [least: number, most: number, step: number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};
/** With the smallest share of a processor each size is twice the one before. */
const SMALLEST = [512, 1024, 2048];

/** What the memory of a model must be beside its CPU units, where Fargate does not have it; undefined where it does. */
export function fargateMemoryFault(size: Pick<ModelManifest, 'cpu' | 'memoryMiB'>): string | undefined {
  const { cpu = DEFAULT_SIZE.cpu, memoryMiB = DEFAULT_SIZE.memoryMiB } = size;
  const [least, most, step] = MEMORY[cpu] ?? [];
  if (least === undefined || most === undefined || step === undefined) {
    return SMALLEST.includes(memoryMiB) ? undefined : `one of ${SMALLEST.join(', ')}`;
  }
  const fits = memoryMiB >= least && memoryMiB <= most && memoryMiB % step === 0;
  return fits ? undefined : `a multiple of ${step} from ${least} to ${most}`;
}
