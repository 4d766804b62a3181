import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { IMAGE_BUNDLING } from './esbuild-image.ts';
import { shipFiles } from './ship-files.ts';

export interface GatewayBundleOptions {
  /** What can be started, by the name that it gets: `main` becomes `main.mjs`. */
  readonly entries: Readonly<Record<string, string>>;
  /** The folder with a folder for every handler. */
  readonly handlers: string;
  readonly into: string;
}

/** What the Docker client could also be reached by; here it is a socket, and none of this is ever called. */
const UNUSED_TRANSPORTS = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader'];

/** Bundles the gateway, and what else starts from its image, with the files that its handlers read. */
export async function bundleGateway({ entries, handlers, into }: GatewayBundleOptions): Promise<void> {
  await build({
    ...IMAGE_BUNDLING,
    entryPoints: Object.entries(entries).map(([name, path]) => ({ in: path, out: name })),
    outdir: into,
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
