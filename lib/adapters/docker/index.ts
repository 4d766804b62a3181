export { createDockerEngine } from './docker-engine.ts';
export { DockerInstanceController, type DockerInstanceControllerOptions } from './docker-instance-controller.ts';
export { MODEL_LABEL, PROJECT_LABEL } from './labels.ts';
