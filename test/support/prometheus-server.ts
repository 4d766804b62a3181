import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findBinary, notRun } from './broker-binaries.ts';
import { freePort, ServerProcess } from './server-process.ts';

const HOW = 'apt-get install -y prometheus';

/**
 * The installed Prometheus. When it is missing, prints that and returns undefined, or throws with REQUIRE_PROMETHEUS=1.
 */
export function findPrometheus(suite: string): string | undefined {
  return findBinary('prometheus') ?? notRun({ suite, program: 'prometheus', how: HOW, required: 'REQUIRE_PROMETHEUS' });
}

/** One series of a query result. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Unix seconds, and the value as text. */
  readonly value: readonly [at: number, value: string];
}

/** A real Prometheus on a free port with a temporary folder. */
export class PrometheusServer {
  readonly url: string;
  readonly #process: ServerProcess;
  readonly #folder: string;

  private constructor(url: string, process: ServerProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  static async start(binary: string, config: unknown): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-prometheus-'));
    const file = join(folder, 'prometheus.yml');
    await writeFile(file, stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ];
    const server = new ServerProcess(binary, args, { cwd: folder });
    const url = `http://${address}`;
    await server.untilReady(() =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    return new PrometheusServer(url, server, folder);
  }

  /** Runs an instant query. Throws Prometheus' error for a query that it cannot parse. */
  async query(query: string): Promise<readonly Sample[]> {
    const response = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { data, error } = (await response.json()) as { data?: { result: Sample[] }; error?: string };
    if (!data) throw new Error(`${query}: ${error}`);
    return data.result;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
