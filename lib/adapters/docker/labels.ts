/** Labels of controlled containers. `compose.yaml` sets them on every model. */
export const PROJECT_LABEL = 'modelyard.project';
export const MODEL_LABEL = 'modelyard.model';
/** Set on containers that this controller launched. */
export const VARIANT_LABEL = 'modelyard.variant';
export const LAUNCHED_LABEL = 'modelyard.launched';

/** Docker uses the first digits of the container id as host name, and instances use that as their id. */
export const instanceIdOf = (containerId: string): string => containerId.slice(0, 12);

/** `docker compose down --remove-orphans` finds containers by these labels; version 2 requires all of them. */
export const composeLabels = (project: string, model: string): Record<string, string> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': `${model.replaceAll('_', '-')}-launched`,
  'com.docker.compose.oneoff': 'False',
  'com.docker.compose.container-number': '1',
  'com.docker.compose.config-hash': 'launched',
});
