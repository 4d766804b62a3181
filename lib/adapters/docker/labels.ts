/** What a container must carry to be listed or stopped from here; `compose.yaml` gives them to every model. */
export const PROJECT_LABEL = 'modelyard.project';
export const MODEL_LABEL = 'modelyard.model';
/** Of containers that were launched from here. */
export const VARIANT_LABEL = 'modelyard.variant';
export const LAUNCHED_LABEL = 'modelyard.launched';

/** Docker names the host of a container after the first digits of its id, and the instance takes that name. */
export const instanceIdOf = (containerId: string): string => containerId.slice(0, 12);

/** How `docker compose down --remove-orphans` finds what it did not start itself; version 2 looks for all of them. */
export const composeLabels = (project: string, model: string): Record<string, string> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': `${model.replaceAll('_', '-')}-launched`,
  'com.docker.compose.oneoff': 'False',
  'com.docker.compose.container-number': '1',
  'com.docker.compose.config-hash': 'launched',
});
