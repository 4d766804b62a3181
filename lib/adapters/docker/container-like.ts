import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode';
import { composeLabels, instanceIdOf, LAUNCHED_LABEL, MODEL_LABEL, PROJECT_LABEL, VARIANT_LABEL } from './labels.ts';

/** What `stopTimeout` is on Fargate: between the signal and the end. */
export const STOP_SECONDS = 120;

export interface LaunchOptions {
  readonly name: string;
  readonly project: string;
  readonly model: string;
  readonly variant: string | undefined;
  /** The environment variable that says which variant an instance serves. */
  readonly variantVariable: string;
}

/** One more container with the image, the settings, the limits and the network of `template`. */
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

/** The same networks under the shared names, without those that are the template's own. */
function networksLike({ Id, Name, Config, NetworkSettings }: ContainerInspectInfo) {
  const own = new Set([instanceIdOf(Id), Name.replace(/^\//, ''), Config.Hostname]);
  const shared = Object.entries(NetworkSettings.Networks).map(([network, { Aliases }]) => {
    const names = ((Aliases ?? []) as readonly string[]).filter((alias) => !own.has(alias));
    return [network, { Aliases: names }] as const;
  });
  return Object.fromEntries(shared);
}
