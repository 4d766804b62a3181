import type { JsonObject } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { TrainingSetRequest } from './training-set.ts';
import { askedViews, findView, sourceVersionOf } from './views.ts';

/** The definition of a view and the version of its source that would be read now. */
export async function viewInputs(lifecycle: Lifecycle, name: string): Promise<JsonObject> {
  const { version, keys, definition } = await findView(lifecycle, name);
  return { view_version: version, keys, source: await sourceVersionOf(lifecycle, definition.source) };
}

/** The views and versions that a training set would be made of now. */
export async function trainingSetInputs(lifecycle: Lifecycle, args: JsonObject): Promise<JsonObject> {
  const { labels, features } = args as TrainingSetRequest;
  const asked = await askedViews(lifecycle, features);
  const views = asked.map(async ({ view }) => [view.name, await viewInputs(lifecycle, view.name)] as const);
  return { labels: await sourceVersionOf(lifecycle, labels), views: Object.fromEntries(await Promise.all(views)) };
}
