import { describe } from 'vitest';
import { provision } from '#local/provision.ts';
import type { FullPlatform } from '#platform/platform.ts';
import { everyRouteContract } from '#test/contracts/every-route.contract.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { startGateway } from './access-harness.ts';
import { openStage } from './stage-harness.ts';

const folders = useDataFolders();
const aws = useEmulatedAws();

async function aGateway(platform?: FullPlatform) {
  const gateway = await startGateway(platform ? { platform } : {});
  await registerModelB(gateway.platform);
  return gateway;
}

describe('a gateway', () => {
  everyRouteContract('memory', () => aGateway());
  everyRouteContract('sqlite', async () => aGateway(await folders.open()));
});

describe('handlers behind the authorizer', () => {
  everyRouteContract('aws', async () => {
    await provision(aws.settings, ['model_b']);
    const stage = openStage(aws.open());
    await registerModelB(stage.platform);
    return stage;
  });
});
