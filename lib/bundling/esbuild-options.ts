import { cpSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';
import { writeConsole } from './console.ts';

/** The folder of `lambdas/` that serves the web console. */
const CONSOLE_HANDLER = 'get-console';

/** CommonJS packages inside an ES module bundle call `require`, which ES modules do not have. */
const REQUIRE_BANNER = `import{createRequire as $require}from'module';const require=$require(import.meta.url);`;

/** Options for all bundles. The SDK is bundled, so that the tested version runs. */
const BUNDLING = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // esbuild prefers the SDK's CommonJS build, which it cannot tree-shake.
  mainFields: ['module', 'main'],
  // Dynamic imports, such as S3, are parsed when they are first used.
  splitting: true,
  minify: true,
  keepNames: false,
  legalComments: 'none',
  charset: 'utf8',
  outExtension: { '.js': '.mjs' },
  banner: { js: REQUIRE_BANNER },
} as const satisfies BuildOptions;

/** Options for all Lambdas. */
export const LAMBDA_BUNDLING = {
  ...BUNDLING,
  // Only workers of the lifecycle load them: the first two have binaries, and the last one wants those of SSH.
  external: ['@duckdb/node-api', 'onnxruntime-node', 'dockerode'],
  // Clients of the SDK read the version for `User-Agent` from their package.json: 2.4 KB each to parse at a cold start.
  loader: { '.json': 'empty' },
  alias: {
    '@aws-sdk/credential-provider-node': fileURLToPath(new URL('./environment-credentials.ts', import.meta.url)),
    'mnemonist/lru-cache': fileURLToPath(new URL('./lru-cache.ts', import.meta.url)),
  },
} as const satisfies BuildOptions;

/**
 * Options for images: those of Lambda without minification, for readable stack traces, and with every way to find
 * credentials. Image size does not affect start-up.
 */
export const IMAGE_BUNDLING = { ...BUNDLING, minify: false, logLevel: 'error' } as const satisfies BuildOptions;

/**
 * Adds to the bundle what a handler reads at run time: the package files of its `files.json`, and the web console. Most
 * handlers read none. Throws when a package is not installed.
 */
export function shipFiles(folder: string, outputFolder: string): void {
  if (basename(folder) === CONSOLE_HANDLER) writeConsole(join(outputFolder, 'console'));
  const list = join(folder, 'files.json');
  if (!existsSync(list)) return;
  const { resolve } = createRequire(list);
  for (const path of JSON.parse(readFileSync(list, 'utf8')) as readonly string[]) {
    cpSync(resolve(path), join(outputFolder, 'node_modules', path));
  }
}

/**
 * Lets the `index.ts` of every Lambda create its clients where a bundle is measured or imported in a test. Nothing is
 * called.
 */
export const IMPORT_ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  MODELYARD_STAGE: 'dev',
  MODELYARD_TASKS_TABLE: 'tasks',
  MODELYARD_REGISTRY_TABLE: 'registry',
  MODELYARD_USERS_TABLE: 'users',
  MODELYARD_CALLS_TABLE: 'calls',
  MODELYARD_BLOB_BUCKET: 'blobs',
  MODELYARD_KEYS_SECRET: 'keys',
  MODELYARD_ECS_CLUSTER: 'cluster',
  MODELYARD_ECS_SERVICE_PREFIX: 'modelyard-',
  MODELYARD_QUEUE_URL_PREFIX: 'https://sqs.us-east-1.amazonaws.com/000000000000/modelyard-',
} as const;
