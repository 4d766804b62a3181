import type { ControlledInstance, InstanceView, Model, ModelSummary } from '#core';
import type { RawJson } from '../http/transcode.ts';
import type { FlatResponse } from '../http/transcoder.ts';

/**
 * The bodies of common model gateways: the same tasks, models and instances as in the other routes, in other shapes.
 */

/** The variants, or the model's name. */
const servedNames = ({ name, variants }: Model): readonly string[] => (variants.length > 0 ? variants : [name]);

/** `GET /api/models/available` */
export function presentAvailable(models: readonly ModelSummary[]) {
  const byService = models.flatMap(({ model, serving }) => serving.map(({ id }) => [id, servedNames(model)] as const));
  return { models_by_service: Object.fromEntries(byService), services: byService.map(([id]) => id) };
}

/** `GET /api/predict/services`. The colon is in the documented key. */
export const presentServices = (models: readonly ModelSummary[]) => ({
  'Services:': presentAvailable(models).services,
});

/** `POST /api/models/launch/{name}` */
export const presentLaunched = (name: string, launched: ControlledInstance) => ({
  status: 'success',
  message: `Launched new instance for model: ${name}`,
  container_id: launched.id,
  container_name: launched.name,
});

/** `GET /api/models/instances/{name}` */
export const presentContainers = (name: string, instances: readonly InstanceView[]) => ({
  model: name,
  instances: instances.map(({ id, name: container, state, image }) => ({
    id,
    name: container,
    status: state,
    image: [image],
  })),
});

/** `DELETE /api/models/instances/{name}` */
export const presentShutdown = (id: string) => ({ status: 'success', message: `Shutdown container: ${id}` });

interface Prediction {
  readonly model: Model;
  /** The request as the caller wrote it. */
  readonly input: RawJson;
  /** The model's answer. */
  readonly result: FlatResponse;
}

/**
 * `POST /api/predict/{model}`. `prediction`: the numbers of the result in field order, or the whole result if it has no
 * numbers. `model`: the variant in the result, or the model.
 */
export const presentPrediction = ({ model, input, result }: Prediction) => ({
  message: `${titleOf(model)} prediction endpoint`,
  input,
  model: model.variants.find((variant) => variant === result.variant) ?? model.name,
  prediction: result.prediction,
});

/** The manifest's title, or the words of the name: `model_a` is "Model a". */
const titleOf = ({ name, title }: Model): string =>
  title ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
