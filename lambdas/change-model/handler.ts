import { type HandlerDeps, httpHandler, json, jsonFields } from '#api';
import { MAX_CONTRACT_VERSION, ModelyardError, moveDefaultVersion, parseAddress, whole } from '#core';

const isVersion = whole(1, MAX_CONTRACT_VERSION);
const RULES = {
  default_version: (value: unknown) => {
    const must = isVersion(value);
    return must === undefined ? undefined : `Must be ${must}.`;
  },
};

/** `PATCH /models/{model}`: chooses the contract version that the bare name of a model means. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function changeModel(request) {
    const address = parseAddress(request.param('model'));
    if (address?.version !== undefined || !address) {
      throw new ModelyardError('model_not_found', 'There is no model of this name; name it without a version.');
    }
    const { default_version: version } = jsonFields(request, { what: 'a change of a model', rules: RULES });
    const { model } = address;
    const changed = await moveDefaultVersion(deps.platform.registry, { model, version: version as number });
    deps.logger.info('The default contract version has moved.', { model, version });
    return json(200, { name: changed.name, default_version: changed.defaultVersion });
  });
