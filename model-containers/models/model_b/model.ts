import { setTimeout as sleep } from 'node:timers/promises';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { defineModel, InvalidInput } from '#runtime/define-model.ts';
import { manifest } from './manifest.ts';

const DEFAULT_DELAY_SECONDS = 30;
const MAX_DELAY_SECONDS = 600;
const STEP_SECONDS = 1;

/** Waits for the requested delay, reports progress, and stops when its signal aborts. */
export default defineModel({
  manifest,
  request: ModelBRequest,
  response: ModelBResponse,

  async predict(_, { value, delay_seconds: seconds = DEFAULT_DELAY_SECONDS }, { signal, progress }) {
    if (!(seconds >= 0 && seconds <= MAX_DELAY_SECONDS))
      throw new InvalidInput(`delay_seconds must be from 0 to ${MAX_DELAY_SECONDS}.`);

    const startedAt = performance.now();
    for (let waited = 0; waited < seconds; waited += STEP_SECONDS) {
      if (waited > 0) progress(waited / seconds, `Waited ${waited} of ${seconds} seconds.`);
      await sleep(Math.min(STEP_SECONDS, seconds - waited) * 1_000, undefined, { signal });
    }
    return { value, elapsed_seconds: (performance.now() - startedAt) / 1_000 };
  },
});
