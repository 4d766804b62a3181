import { FertilityRequest, FertilityResponse } from '#proto/models/fertility.ts';
import { defineModel } from '#runtime/define-model.ts';
import { loadVersion, predictWith } from '../../versions/loaded-version.ts';
import { manifest } from './manifest.ts';

export default defineModel({
  manifest,
  request: FertilityRequest,
  response: FertilityResponse,
  setup: ({ weights }) => loadVersion(weights),
  async predict(version, request) {
    const { prediction, model_version } = await predictWith(version, request);
    return { next_rate: prediction, model_version };
  },
});
