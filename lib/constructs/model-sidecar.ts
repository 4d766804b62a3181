import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Duration } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { hasSidecar, healthPathOf, type ModelManifest } from '#catalog/manifest.ts';
import { ENV } from '#platform/environment.ts';
import { builtImage } from './built-image.ts';

const MODELS = fileURLToPath(new URL('../../model-containers/models', import.meta.url));
const STOP_TIMEOUT = Duration.seconds(120);

interface SidecarOptions {
  readonly manifest: ModelManifest;
  readonly task: ecs.FargateTaskDefinition;
  /** The container of the runtime, which starts when the sidecar is healthy. */
  readonly runtime: ecs.ContainerDefinition;
  readonly logGroup: ILogGroup;
  /** Whether images are pulled by IPv6 only. */
  readonly isIpv6: boolean;
}

/** Adds the container of a model that already serves to its ECS task. Does nothing for other models. */
export function addSidecar({ manifest, task, runtime, logGroup, isIpv6 }: SidecarOptions): void {
  const { container, name } = manifest;
  if (!container || !hasSidecar(manifest)) return;
  const { image, build = '.', port } = container;
  const sidecar = task.addContainer('container', {
    image:
      image === undefined
        ? builtImage(join(MODELS, name, build), { platform: Platform.LINUX_ARM64 }, isIpv6)
        : ecs.ContainerImage.fromRegistry(image),
    essential: true,
    stopTimeout: STOP_TIMEOUT,
    logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: `${name}-container` }),
    healthCheck: {
      command: ['CMD-SHELL', healthCommand(`http://127.0.0.1:${port}${healthPathOf(container)}`)],
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.seconds(300),
    },
  });
  runtime.addEnvironment(ENV.containerUrl, `http://127.0.0.1:${port}`);
  runtime.addContainerDependencies({ container: sidecar, condition: ecs.ContainerDependencyCondition.HEALTHY });
}

/** The first of these programs that the image has. */
const healthCommand = (url: string): string =>
  [
    `curl -fs ${url}`,
    `wget -q -O - ${url}`,
    `python3 -c "import urllib.request as r; r.urlopen('${url}')"`,
    `python -c "import urllib.request as r; r.urlopen('${url}')"`,
    'exit 1',
  ].join(' || ');
