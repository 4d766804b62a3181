import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Deployment } from '#core';
import { DeployedVersion } from '#runtime/instance/deployed-version.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const folders = useDataFolders();

async function versioned() {
  const platform = await folders.open();
  const stores = await platform.lifecycle?.();
  if (!stores) throw new Error('There is no lifecycle.');
  const contracts = [{ hash: 'h', requestMessage: 'a.Q', responseMessage: 'a.A' }];
  const limits = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 1, acceptWhenAsleep: true };
  await platform.registry.writeModel({
    name: 'rates',
    description: 'Rates.',
    variants: [],
    limits,
    contracts,
    version: 1,
  });
  const swapped: string[] = [];
  const served = { version: undefined as string | undefined, fault: undefined as Error | undefined };
  const model = {
    get version() {
      return served.version;
    },
    async swap({ version, folder }: { readonly version: string; readonly folder: string }) {
      swapped.push(version);
      if (served.fault) throw served.fault;
      served.version = `${version}:${await readFile(join(folder, 'model.json'), 'utf8')}`.split(':', 1)[0];
    },
  };
  const deployed = new DeployedVersion({ platform, model, name: 'rates', logger: silentLogger });
  async function deploy(version: string, content = `weights ${version}`): Promise<Deployment> {
    const { hash } = (await stores?.artifacts.put(Buffer.from(content))) ?? { hash: '' };
    const list = Buffer.from(JSON.stringify({ files: { 'model.json': hash } }));
    const deployment = { version, artifact: (await stores?.artifacts.put(list))?.hash ?? '' };
    const row = await platform.registry.readModel('rates');
    if (row) await platform.registry.writeModel({ ...row, deployment, version: row.version + 1 });
    return deployment;
  }
  return { platform, deployed, deploy, swapped, served };
}

describe('the deployed version of an instance', () => {
  const stop = AbortSignal.abort();

  it('is the first that it serves, with its files', async () => {
    const { deployed, deploy } = await versioned();
    await deploy('1');

    const weights = await deployed.current(stop);

    expect(weights?.version).toBe('1');
    expect(await readFile(join(weights?.folder ?? '', 'model.json'), 'utf8')).toBe('weights 1');
  });

  it('is swapped once per deployment', async () => {
    const { deployed, deploy, swapped } = await versioned();
    expect(await deployed.current(stop)).toBeUndefined();
    await deploy('1');

    await deployed.follow();
    await deployed.follow();
    await deploy('2');
    await deployed.follow();

    expect(swapped).toEqual(['1', '2']);
  });

  it('that cannot be set up is not tried again, and the next one is', async () => {
    const { deployed, deploy, swapped, served } = await versioned();
    served.fault = new Error('The weights are broken.');
    await deploy('1');
    await deployed.follow();
    await deployed.follow();
    served.fault = undefined;

    await deploy('2');
    await deployed.follow();

    expect(swapped).toEqual(['1', '2']);
    expect(served.version).toBe('2');
  });

  it('stays what it is while the registry is away', async () => {
    const { platform, deployed, deploy, served } = await versioned();
    await deploy('1');
    await deployed.follow();
    await platform.close();

    await deployed.follow();

    expect(served.version).toBe('1');
  });
});
