import { InferenceSession } from 'onnxruntime-node';
import { defineModel } from '#runtime/define-model.ts';
import { SpeechClipRequest, SpeechClipResponse } from '#test/fixtures/proto/gen/models/speech_clip.ts';
import { detectSpeech } from '../../silero.ts';
import { manifest } from './manifest.ts';

export default defineModel({
  manifest,
  request: SpeechClipRequest,
  response: SpeechClipResponse,
  setup: () => InferenceSession.create(String(process.env.BENCH_SILERO), { intraOpNumThreads: 1 }),
  async predictBatch(session, requests) {
    const clips = await detectSpeech(
      session,
      requests.map(({ pcm }) => pcm),
    );
    return clips.map((speech) => ({ speech }));
  },
});
