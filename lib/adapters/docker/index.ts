export { DockerInstanceController } from './docker-instance-controller.ts';
export { createDockerEngine } from './engine.ts';
