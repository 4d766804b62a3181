import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EngineContainerRunner } from '#adapters/docker/engine-container-runner.ts';
import { containerRunnerFrom } from '#platform/lifecycle-containers.ts';
import { ROOT } from '../architecture/cruise.ts';
import { type Service, services } from './compose-file.ts';

const added = parse(readFileSync(`${ROOT}/compose.containers.yaml`, 'utf8')) as {
  services: Record<string, Partial<Service>>;
};

describe('compose.containers.yaml', () => {
  it('gives the Docker socket to the worker of the lifecycle, which runs stages with an image by it', async () => {
    const { lifecycle = {}, ...others } = added.services;

    expect(others).toEqual({});
    expect(lifecycle.volumes).toEqual(['/var/run/docker.sock:/var/run/docker.sock']);
    expect(await containerRunnerFrom(lifecycle.environment ?? {})).toBeInstanceOf(EngineContainerRunner);
    expect(services.lifecycle?.environment).not.toHaveProperty('MODELYARD_CONTAINER_SOCKET');
  });
});
