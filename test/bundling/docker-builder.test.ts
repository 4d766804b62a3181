import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builderFault } from '../../lib/bundling/docker-builder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-builder-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A PATH with a Docker that knows its version, and BuildKit or not. */
async function pathWith({ buildx }: { readonly buildx: boolean }): Promise<string> {
  const place = await mkdtemp(join(folder, 'bin-'));
  const docker = join(place, 'docker');
  await writeFile(docker, `#!/bin/sh\n[ "$1" != buildx ] || exit ${buildx ? 0 : 1}\n`);
  await chmod(docker, 0o755);
  return `${place}:/bin:/usr/bin`;
}

describe('a deployment says before it builds anything that it needs BuildKit', () => {
  it('where Docker has no buildx', async () => {
    expect(builderFault({ PATH: await pathWith({ buildx: false }) })).toMatch(/^Building the images needs BuildKit/);
  });

  it('where it is switched off', async () => {
    const PATH = await pathWith({ buildx: true });

    expect(builderFault({ PATH, DOCKER_BUILDKIT: '0' })).toMatch(/DOCKER_BUILDKIT=0/);
  });

  it('and nothing where it is there, where no Docker is, or where another program builds', async () => {
    const PATH = await pathWith({ buildx: true });

    expect(builderFault({ PATH })).toBeUndefined();
    expect(builderFault({ PATH: join(folder, 'empty') })).toBeUndefined();
    expect(builderFault({ PATH: await pathWith({ buildx: false }), CDK_DOCKER: 'finch' })).toBeUndefined();
  });
});
