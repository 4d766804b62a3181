import type { BuildOptions } from 'esbuild';

/** CommonJS packages inside an ES module bundle call `require`, which ES modules do not have. */
const REQUIRE_BANNER = `import{createRequire as $require}from'module';const require=$require(import.meta.url);`;

/** Options for all Lambdas. The SDK is bundled, so that the tested version runs. */
export const LAMBDA_BUNDLING = {
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

/**
 * Options for images: those of Lambda without minification, for readable stack traces. Image size does not affect
 * start-up.
 */
export const IMAGE_BUNDLING = { ...LAMBDA_BUNDLING, minify: false, logLevel: 'error' } as const satisfies BuildOptions;
