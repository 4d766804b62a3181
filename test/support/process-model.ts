import { fileURLToPath } from 'node:url';
import type { ModelBackend, ModelProcess } from '#runtime/backends/model-backend.ts';
import { MODEL_ENTRY } from '#runtime/backends/model-entry.ts';
import { processBackend } from '#runtime/backends/process-backend.ts';

const ISOLATION = fileURLToPath(new URL('../fixtures/isolation/', import.meta.url));
/** Small, so that a model that never stops allocating is soon at its end. */
const HEAP_MIB = 64;

/** The processes of a model of `test/fixtures/isolation`, as an instance starts them. */
export function processModel(name: string): ModelBackend & { readonly launches: readonly ModelProcess[] } {
  const launches: ModelProcess[] = [];
  const backend = processBackend({
    command: process.execPath,
    arguments: [`--max-old-space-size=${HEAP_MIB}`, MODEL_ENTRY, `${ISOLATION}${name}`],
    output: 'ignore',
  });
  return {
    launches,
    launch() {
      const launched = backend.launch();
      launches.push(launched);
      return launched;
    },
  };
}
