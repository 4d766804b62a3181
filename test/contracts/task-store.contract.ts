import { describe } from 'vitest';
import { batches } from './task-store/batches.ts';
import { cancels } from './task-store/cancels.ts';
import { deadLetters } from './task-store/dead-letters.ts';
import { events } from './task-store/events.ts';
import { keeping } from './task-store/keeping.ts';
import { listing } from './task-store/listing.ts';
import { places } from './task-store/places.ts';
import { progress } from './task-store/progress.ts';
import { races } from './task-store/races.ts';
import { retries } from './task-store/retries.ts';
import type { OpenStore } from './task-store/support.ts';

/** What every `TaskStore` promises. Each adapter's test calls this with its own way to reach the store. */
export function taskStoreContract(name: string, open: OpenStore): void {
  describe(`TaskStore contract: ${name}`, () => {
    keeping(open);
    events(open);
    races(open);
    listing(open);
    deadLetters(open);
    cancels(open);
    batches(open);
    retries(open);
    progress(open);
    places(open);
  });
}
