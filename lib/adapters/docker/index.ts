export { createDockerEngine } from './docker-engine.ts';
export { DockerInstanceController } from './docker-instance-controller.ts';
