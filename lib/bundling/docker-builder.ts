import { execFileSync } from 'node:child_process';

const BUILDKIT_NEEDED =
  'Building the images needs BuildKit: install the buildx plugin of Docker and do not set DOCKER_BUILDKIT=0. ' +
  'The classic builder builds every stage of the Dockerfile, of which the context of a model has not all files.';

/**
 * Why the Docker of this machine cannot build the images, in one text for a person. Undefined if it can, where there is
 * none (synthesizing works without), and for another builder, which `CDK_DOCKER` names.
 */
export function builderFault(env: NodeJS.ProcessEnv): string | undefined {
  if (env.CDK_DOCKER !== undefined && env.CDK_DOCKER !== 'docker') return undefined;
  if (!runs(env, '--version')) return undefined;
  return env.DOCKER_BUILDKIT === '0' || !runs(env, 'buildx', 'version') ? BUILDKIT_NEEDED : undefined;
}

function runs(env: NodeJS.ProcessEnv, ...args: string[]): boolean {
  try {
    execFileSync('docker', args, { env, stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    // The program or its plugin is missing.
    return false;
  }
}
