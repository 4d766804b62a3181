import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleLambda, type LambdaBundle } from '../../lib/bundling/bundle-lambda.ts';

describe('the bundle of submit-task', { timeout: 60_000 }, () => {
  let into: string;
  let bundle: LambdaBundle;

  beforeAll(async () => {
    into = await realpath(await mkdtemp(join(tmpdir(), 'modelyard-bundle-')));
    bundle = await bundleLambda(join(import.meta.dirname, '../../lambdas/submit-task'), into);
  }, 60_000);

  afterAll(() => rm(into, { recursive: true }));

  it('keeps to its budget at a cold start', () => {
    expect(bundle.coldBytes).toBeLessThanOrEqual(400_000);
  });

  it('finds credentials in the environment only, as Lambda gives them', () => {
    const packages = bundle.origins.map(([origin]) => origin);

    expect(packages).toContain('@aws-sdk/credential-provider-env');
    expect(packages.filter((name) => /credential-provider-(?!env)|nested-clients/.test(name))).toEqual([]);
  });
});
