import { DEFAULT_SIZE, type ModelManifest } from '#catalog/manifest.ts';

/** Memory in MiB that Fargate offers per CPU units: minimum, maximum, step. */
const MEMORY: Readonly<Record<number, readonly [least: number, most: number, step: number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};
/** For the smallest CPU size, in MiB. */
const SMALLEST = [512, 1024, 2048];

/** Completes "memoryMiB must be …". Undefined for a supported combination. */
export function fargateMemoryFault(size: Pick<ModelManifest, 'cpu' | 'memoryMiB'>): string | undefined {
  const { cpu = DEFAULT_SIZE.cpu, memoryMiB = DEFAULT_SIZE.memoryMiB } = size;
  const [least, most, step] = MEMORY[cpu] ?? [];
  if (least === undefined || most === undefined || step === undefined) {
    return SMALLEST.includes(memoryMiB) ? undefined : `one of ${SMALLEST.join(', ')}`;
  }
  const fits = memoryMiB >= least && memoryMiB <= most && memoryMiB % step === 0;
  return fits ? undefined : `a multiple of ${step} from ${least} to ${most}`;
}
