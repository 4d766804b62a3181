import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { defineModel } from '#runtime/define-model.ts';
import { describeContext } from './context.ts';
import { manifest } from './manifest.ts';
import { chooseText } from './text.ts';

/** Answers at once, so that it measures the system without a model. */
export default defineModel({
  manifest,
  request: ModelARequest,
  response: ModelAResponse,

  predict(_, request) {
    const text = chooseText(request);
    return { message: `Processed message: ${text}${describeContext(request.context)}` };
  },
});
