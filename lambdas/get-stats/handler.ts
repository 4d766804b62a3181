import { type HandlerDeps, httpHandler, json, presentStats } from '#api';
import { publicName, readStats, STATS_KEPT_MINUTES } from '#core';

const DEFAULT_MINUTES = 15;

/** `GET /models/{model}/stats`: ends of tasks per minute, with quantiles of queue and run time. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function getStats(request) {
    const minutes = request.query.integer('minutes', { min: 1, max: STATS_KEPT_MINUTES }) ?? DEFAULT_MINUTES;
    const { model } = await deps.models.known(request.param('model'));
    return json(
      200,
      presentStats(publicName(model.name), await readStats(deps.platform, { model: model.name, minutes })),
    );
  });
