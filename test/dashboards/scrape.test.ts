import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { createKey } from '#core';
import { startGateway } from '#test/gateway/access-harness.ts';
import { findPrometheus, PrometheusServer } from '#test/support/prometheus-server.ts';

const binary = findPrometheus('test/dashboards/scrape.test.ts');

describe.runIf(binary !== undefined)('Prometheus', () => {
  it('reads the metrics of a gateway that verifies callers, with the key of an operator for reading', async () => {
    const gateway = await startGateway();
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-scrape-'));
    const keyFile = join(folder, 'operator.key');
    // As before the key is made.
    await writeFile(keyFile, '');
    const {
      scrape_configs: [job],
    } = parse(await readFile('docker/prometheus/prometheus.yml', 'utf8'));
    const server = await PrometheusServer.start(binary ?? '', {
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [
        {
          ...job,
          authorization: { credentials_file: keyFile },
          static_configs: [{ targets: [new URL(gateway.url).host] }],
        },
      ],
    });
    onTestFinished(async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    });
    const isUp = async (value: string) => {
      const [sample] = await server.query('up{job="gateway"}');
      expect(sample?.value[1]).toBe(value);
    };
    await vi.waitFor(() => isUp('0'), { timeout: 20_000 });

    const { id: userId } = await gateway.add('prometheus', 'operator');
    const { users, clock } = gateway.platform;
    await writeFile(keyFile, `${(await createKey(users, clock, { userId, name: 'k', scopes: ['read'] })).secret}\n`);

    await vi.waitFor(() => isUp('1'), { timeout: 20_000 });
  });
});
