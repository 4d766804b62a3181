export { createDockerEngine, DockerInstanceController } from './docker-instance-controller.ts';
