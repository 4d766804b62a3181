import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

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
  alias: {
    '@aws-sdk/credential-provider-node': fileURLToPath(new URL('./environment-credentials.ts', import.meta.url)),
  },
} as const satisfies BuildOptions;

/**
 * Options for images: those of Lambda without minification, for readable stack traces, and with every way to find
 * credentials. Image size does not affect start-up.
 */
export const IMAGE_BUNDLING = { ...BUNDLING, minify: false, logLevel: 'error' } as const satisfies BuildOptions;
