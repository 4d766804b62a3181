import type { BuildOptions } from 'esbuild';

/** CommonJS packages inside an ES module bundle call `require`, which ES modules do not have. */
const REQUIRE_BANNER = `import{createRequire as $require}from'module';const require=$require(import.meta.url);`;

/** How every Lambda is bundled, by the stack and by the report: the SDK included, so that it is the one that was tested. */
export const LAMBDA_BUNDLING = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // The SDK's CommonJS build, which esbuild would take otherwise, cannot be tree-shaken.
  mainFields: ['module', 'main'],
  // What is imported on the way, such as S3, is not parsed until then.
  splitting: true,
  minify: true,
  keepNames: false,
  legalComments: 'none',
  charset: 'utf8',
  outExtension: { '.js': '.mjs' },
  banner: { js: REQUIRE_BANNER },
} as const satisfies BuildOptions;
