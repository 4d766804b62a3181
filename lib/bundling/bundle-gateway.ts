import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { IMAGE_BUNDLING, shipFiles } from './esbuild-options.ts';

export interface GatewayBundleOptions {
  /** Entry points, of processes and of threads, by output name: `main` becomes `main.mjs`. */
  readonly entries: Readonly<Record<string, string>>;
  /** `lambdas/`. */
  readonly handlers: string;
  readonly into: string;
}

/** Optional transports of the Docker client. The gateway uses a Unix socket only. */
const UNUSED_TRANSPORTS = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader'];

/** Have binaries, which cannot be bundled. The lifecycle imports them when a stage needs them. */
const BINARY_PACKAGES = ['@duckdb/node-api', 'onnxruntime-node'];

/** Bundles the gateway and the other programs of its image, with the files that handlers read at run time. */
export async function bundleGateway({ entries, handlers, into }: GatewayBundleOptions): Promise<void> {
  await build({
    ...IMAGE_BUNDLING,
    entryPoints: Object.entries(entries).map(([name, path]) => ({ in: path, out: name })),
    outdir: into,
    external: BINARY_PACKAGES,
    plugins: [noUnusedTransports],
  });
  for (const folder of await readdir(handlers)) shipFiles(join(handlers, folder), into);
}

const noUnusedTransports: Plugin = {
  name: 'no-unused-transports',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:${UNUSED_TRANSPORTS.join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'unused' }));
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};
