import { registerHooks } from 'node:module';
import type { Plant, SourceChange } from './plants.ts';

const ROOT = new URL('../../../', import.meta.url);

/** From now on the modules of a plant are loaded with its changes. Modules that were loaded before stay as they are. */
export function applyPlant(plant: Plant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const changes = plant.changes.filter(({ file }) => new URL(file, ROOT).href === url);
      if (changes.length === 0) return loaded;
      const source =
        typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array);
      return { ...loaded, source: changes.reduce(changed, source) };
    },
  });
}

/** Throws when the text is not there once: the code has changed, and the plant has to follow. */
export function changed(source: string, { file, find, replace }: SourceChange): string {
  const pieces = source.split(find);
  if (pieces.length !== 2) throw new Error(`The plant's text is ${pieces.length - 1} times in ${file}: ${find}`);
  return pieces.join(replace);
}
