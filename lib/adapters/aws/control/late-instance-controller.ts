import type { InstanceController } from '#core';
import { type AwsConnection, createEcsClient } from '../clients.ts';
import type { EcsInstanceController, EcsInstanceControllerOptions } from './ecs-instance-controller.ts';

/** Loads the controller with its SDK at first use, because most Lambdas never use it. */
export function lateInstanceController(
  connection: AwsConnection,
  options: Omit<EcsInstanceControllerOptions, 'client'>,
): InstanceController & { close(): Promise<void> } {
  let loading: Promise<EcsInstanceController> | undefined;
  async function load(): Promise<EcsInstanceController> {
    const [client, module] = await Promise.all([createEcsClient(connection), import('./ecs-instance-controller.ts')]);
    return new module.EcsInstanceController({ ...options, client });
  }
  function controller(): Promise<EcsInstanceController> {
    loading ??= load();
    return loading;
  }
  return {
    // Service scaling removes the last idle instance, whatever the manifest says.
    sleeps: true,
    list: async (model) => (await controller()).list(model),
    launch: async (model, variant) => (await controller()).launch(model, variant),
    wake: async (model) => (await controller()).wake(model),
    stop: async (model, id) => (await controller()).stop(model, id),
    async close() {
      (await loading)?.close();
    },
  };
}
