import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { IMAGE_BUNDLING } from './esbuild-image.ts';

/** What the Docker client could also be reached by; here it is a socket, and none of this is ever called. */
const UNUSED_TRANSPORTS = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader'];

/** Bundles the gateway into a folder as `main.mjs` and what it needs. */
export async function bundleGateway(entry: string, into: string): Promise<void> {
  await build({
    ...IMAGE_BUNDLING,
    entryPoints: [{ in: entry, out: 'gateway' }],
    outdir: into,
    plugins: [
      {
        name: 'no-unused-transports',
        setup({ onResolve, onLoad }) {
          const filter = new RegExp(`^(?:${UNUSED_TRANSPORTS.join('|')})$`);
          onResolve({ filter }, ({ path }) => ({ path, namespace: 'unused' }));
          onLoad({ filter, namespace: 'unused' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
        },
      },
    ],
  });
  await writeFile(join(into, 'main.mjs'), "await import('./gateway.mjs');\n");
}
