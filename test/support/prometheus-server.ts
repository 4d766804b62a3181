import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findBinary } from './broker-binaries.ts';
import { freePort, ServerProcess } from './server-process.ts';

const HOW = 'apt-get install -y prometheus';

/**
 * The Prometheus of this machine; undefined, after saying so, where it is not installed. With
 * REQUIRE_PROMETHEUS=1 its absence is an error.
 */
export function findPrometheus(suite: string): string | undefined {
  const found = findBinary('prometheus');
  if (found !== undefined) return found;
  if (process.env.REQUIRE_PROMETHEUS === '1') {
    throw new Error(`REQUIRE_PROMETHEUS=1, but there is no prometheus on this machine. Install it: ${HOW}`);
  }
  process.stderr.write(`NOT RUN: ${suite}, because there is no prometheus here. To run it: ${HOW}; npm test\n`);
  return undefined;
}

/** One line of an answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Unix seconds and the number, as text. */
  readonly value: readonly [at: number, value: string];
}

/** A real Prometheus on a free port of this machine, with a folder of its own. */
export class PrometheusServer {
  readonly url: string;
  readonly #process: ServerProcess;
  readonly #folder: string;

  private constructor(url: string, process: ServerProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /** Resolves when it is ready. */
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

  /** What an instant query answers now. Throws what Prometheus says of a query that it does not understand. */
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
