import { defineModel } from '#runtime/define-model.ts';
import { SyntheticCostRequest, SyntheticCostResponse } from '#test/fixtures/proto/gen/models/synthetic_cost.ts';
import { manifest } from './manifest.ts';

/** Milliseconds of each run, and of each request in it: a batch of 8 gains a factor of 4.5. */
const RUN_MS = 8;
const REQUEST_MS = 1;

export default defineModel({
  manifest,
  request: SyntheticCostRequest,
  response: SyntheticCostResponse,
  predictBatch(_, requests) {
    const until = performance.now() + RUN_MS + REQUEST_MS * requests.length;
    while (performance.now() < until);
    return requests.map(({ value }) => ({ value }));
  },
});
