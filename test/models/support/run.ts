import type { ModelDefinition, PredictContext } from '#runtime/define-model.ts';
import { predictContext, setupContext } from './contexts.ts';

/** Sets the model up and lets it answer one request, which travels encoded both ways as it does in an instance. */
export async function run<Request, Response, State>(
  model: ModelDefinition<Request, Response, State>,
  request: Partial<Request>,
  context: Partial<PredictContext> = {},
): Promise<Response> {
  if (!model.predict) throw new TypeError('This model has only predictBatch.');
  const { variant } = context;
  const state = (await model.setup?.(setupContext({ variant }))) as State;
  const received = model.request.decode(model.request.encode(request));

  const answer = await model.predict(state, received, predictContext(context));

  return model.response.decode(model.response.encode(answer));
}
