import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode';

/** Labels of controlled containers. `compose.yaml` sets them on every model. */
export const PROJECT_LABEL = 'modelyard.project';
export const MODEL_LABEL = 'modelyard.model';
/** Set on containers that this controller launched. */
export const VARIANT_LABEL = 'modelyard.variant';
export const LAUNCHED_LABEL = 'modelyard.launched';

/** Docker uses the first digits of the container id as host name, and instances use that as their id. */
export const instanceIdOf = (containerId: string): string => containerId.slice(0, 12);

/** `docker compose down --remove-orphans` finds containers by these labels; version 2 requires all of them. */
const composeLabels = (project: string, model: string): Record<string, string> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': `${model.replaceAll('_', '-')}-launched`,
  'com.docker.compose.oneoff': 'False',
  'com.docker.compose.container-number': '1',
  'com.docker.compose.config-hash': 'launched',
});

/** Time between SIGTERM and SIGKILL, as on Fargate. */
export const STOP_SECONDS = 120;

export interface LaunchOptions {
  readonly name: string;
  readonly project: string;
  readonly model: string;
  readonly variant: string | undefined;
  /** The environment variable of the variant. */
  readonly variantVariable: string;
}

/** Creates the options of a container with the image, settings, limits and networks of `template`. */
export function containerLike(template: ContainerInspectInfo, options: LaunchOptions): ContainerCreateOptions {
  const { name, project, model, variant, variantVariable } = options;
  const { Config, HostConfig } = template;
  const inherited = Config.Env.filter((line) => variant === undefined || !line.startsWith(`${variantVariable}=`));
  return {
    name,
    Image: Config.Image,
    Env: variant === undefined ? inherited : [...inherited, `${variantVariable}=${variant}`],
    Labels: {
      ...composeLabels(project, model),
      [PROJECT_LABEL]: project,
      [MODEL_LABEL]: model,
      [LAUNCHED_LABEL]: 'true',
      ...(variant === undefined ? {} : { [VARIANT_LABEL]: variant }),
    },
    StopTimeout: STOP_SECONDS,
    HostConfig: {
      Memory: HostConfig.Memory,
      NanoCpus: HostConfig.NanoCpus,
      ReadonlyRootfs: HostConfig.ReadonlyRootfs,
      Tmpfs: HostConfig.Tmpfs,
      CapDrop: HostConfig.CapDrop,
      SecurityOpt: HostConfig.SecurityOpt,
      RestartPolicy: HostConfig.RestartPolicy,
      NetworkMode: HostConfig.NetworkMode,
    },
    NetworkingConfig: { EndpointsConfig: networksLike(template) },
  };
}

/** The template's networks with the shared aliases only. */
function networksLike({ Id, Name, Config, NetworkSettings }: ContainerInspectInfo) {
  const own = new Set([instanceIdOf(Id), Name.replace(/^\//, ''), Config.Hostname]);
  const shared = Object.entries(NetworkSettings.Networks).map(([network, { Aliases }]) => {
    const names = ((Aliases ?? []) as readonly string[]).filter((alias) => !own.has(alias));
    return [network, { Aliases: names }] as const;
  });
  return Object.fromEntries(shared);
}
