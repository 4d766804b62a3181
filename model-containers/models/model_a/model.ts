import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { defineModel } from '#runtime/define-model.ts';
import { describeContext } from './context.ts';
import { manifest } from './manifest.ts';
import { chooseText } from './text.ts';

/** Answers at once, so that the way to a model and back can be seen and measured without the model. */
export default defineModel({
  manifest,
  request: ModelARequest,
  response: ModelAResponse,

  predict(_, request) {
    const text = chooseText(request);
    return { message: `Processed message: ${text}${describeContext(request.context)}` };
  },
});
