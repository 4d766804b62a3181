import { fileURLToPath } from 'node:url';
import { InferenceSession } from 'onnxruntime-node';
import { VoiceActivityRequest, VoiceActivityResponse } from '#proto/models/voice_activity.ts';
import { defineModel, InvalidInput } from '#runtime/define-model.ts';
import { manifest } from './manifest.ts';
import { type Segment, SegmentFinder } from './segment-finder.ts';
import { createDetector, SAMPLE_RATE, WINDOW } from './silero.ts';
import { readWav } from './wav.ts';

const WEIGHTS = new URL('./silero_vad.onnx', import.meta.url);
const DEFAULT_THRESHOLD = 0.5;
/** Windows between two reports of progress: one second of audio. */
const REPORTED_WINDOWS = Math.round(SAMPLE_RATE / WINDOW);

/** Runs Silero VAD over an audio file. Each segment is a partial response; progress is the part of the file. */
export default defineModel({
  manifest,
  request: VoiceActivityRequest,
  response: VoiceActivityResponse,

  setup: () => InferenceSession.create(fileURLToPath(WEIGHTS), { intraOpNumThreads: 1 }),

  async predict(session, { wav, threshold = DEFAULT_THRESHOLD }, { signal, progress, partial }) {
    if (!(threshold > 0 && threshold < 1)) throw new InvalidInput('threshold must be above 0 and below 1.');
    const samples = readWav(wav);
    const duration = samples.length / SAMPLE_RATE;
    const probabilityOf = createDetector(session);
    const finder = new SegmentFinder({ threshold, windowSeconds: WINDOW / SAMPLE_RATE });
    const segments: Segment[] = [];
    const found = (segment: Segment | undefined): void => {
      if (!segment) return;
      segments.push(segment);
      partial({ segments: [segment] });
    };

    for (let at = 0; at * WINDOW < samples.length; at++) {
      signal.throwIfAborted();
      found(finder.next(await probabilityOf(samples.subarray(at * WINDOW, (at + 1) * WINDOW))));
      if (at % REPORTED_WINDOWS === 0) {
        const seconds = (at * WINDOW) / SAMPLE_RATE;
        progress(seconds / duration, `Heard ${seconds.toFixed(1)} of ${duration.toFixed(1)} seconds.`);
      }
    }
    found(finder.end(duration));

    const speech = segments.reduce((sum, { start, end }) => sum + end - start, 0);
    return { segments, duration_seconds: duration, speech_seconds: speech };
  },
});
