/** A module that breaks one rule: where it stands, and what it imports. */
export interface Plant {
  readonly rule: string;
  readonly path: string;
  readonly imports: string;
  /** An import that is still there when the module runs; type imports otherwise. */
  readonly atRunTime?: boolean;
  /** What must exist for the import to lead somewhere: path and text. */
  readonly others?: Readonly<Record<string, string>>;
}

const EMPTY = 'export {};\n';

/** At least one violation of every rule in `.dependency-cruiser.mjs`, each in a module of its own. */
export const PLANTS: readonly Plant[] = [
  { rule: 'core-is-pure', path: 'lib/core/a.ts', imports: '@aws-sdk/client-sqs' },
  { rule: 'core-is-pure', path: 'lib/core/b.ts', imports: 'node:fs' },
  { rule: 'core-is-pure', path: 'lib/core/c.ts', imports: '#platform/platform.ts' },
  { rule: 'contract-knows-protobuf-only', path: 'lib/contract/a.ts', imports: '#core' },
  { rule: 'generated-code-knows-contract-only', path: 'proto/gen/a.ts', imports: '#core' },
  { rule: 'aws-adapters-know-core-and-sdk', path: 'lib/adapters/aws/a.ts', imports: '#platform/platform.ts' },
  {
    rule: 'rabbit-redis-adapters-know-core-and-clients',
    path: 'lib/adapters/rabbit-redis/a.ts',
    imports: '#platform/platform.ts',
  },
  {
    rule: 'sqlite-adapters-know-core-and-builtins',
    path: 'lib/adapters/sqlite/a.ts',
    imports: '#platform/platform.ts',
  },
  { rule: 'sql-adapters-know-core-and-query-builder', path: 'lib/adapters/sql/a.ts', imports: 'node:sqlite' },
  { rule: 'docker-adapters-know-core-and-docker', path: 'lib/adapters/docker/a.ts', imports: '@aws-sdk/client-sqs' },
  { rule: 'otel-adapter-knows-core-and-opentelemetry', path: 'lib/adapters/otel/a.ts', imports: 'node:http' },
  { rule: 'artifact-stores-know-core-and-s3', path: 'lib/adapters/artifacts/a.ts', imports: '#platform/platform.ts' },
  {
    rule: 'outbound-adapter-knows-core-and-http',
    path: 'lib/adapters/outbound/a.ts',
    imports: '#platform/platform.ts',
  },
  { rule: 'duckdb-adapter-knows-duckdb', path: 'lib/adapters/duckdb/a.ts', imports: '#platform/platform.ts' },
  {
    rule: 'lifecycle-knows-core-api-and-its-adapters',
    path: 'lifecycle/ingestion/a.ts',
    imports: '#adapters/aws/thing.ts',
  },
  {
    rule: 'services-never-see-each-other',
    path: 'lifecycle/features/a.ts',
    imports: '../ingestion/b.ts',
    others: { 'lifecycle/ingestion/b.ts': EMPTY },
  },
  { rule: 'memory-adapters-know-core', path: 'lib/adapters/memory/a.ts', imports: '@aws-sdk/client-sqs' },
  { rule: 'platform-knows-core-and-adapters', path: 'lib/platform/a.ts', imports: '#api' },
  { rule: 'api-knows-core', path: 'lib/api/a.ts', imports: '#adapters/aws/thing.ts' },
  { rule: 'gateway-knows-handlers-and-platform', path: 'lib/gateway/a.ts', imports: '#models/model_a/model.ts' },
  { rule: 'catalog-knows-core', path: 'model-containers/catalog/a.ts', imports: '#platform/platform.ts' },
  { rule: 'catalog-knows-core', path: 'model-containers/catalog/b.ts', imports: '#adapters/aws/resources.ts' },
  { rule: 'local-knows-no-container', path: 'lib/local/a.ts', imports: '#models/model_a/model.ts' },
  { rule: 'cli-knows-commands-and-libraries', path: 'lib/cli/a.ts', imports: '#api' },
  { rule: 'bundling-knows-esbuild-only', path: 'lib/bundling/a.ts', imports: '#core' },
  { rule: 'constructs-know-what-they-deploy', path: 'lib/constructs/a.ts', imports: '#adapters/aws/thing.ts' },
  { rule: 'stacks-wire-constructs', path: 'lib/stacks/a.ts', imports: '#core' },
  { rule: 'handlers-know-core-and-api', path: 'lambdas/get-task/a.ts', imports: '#adapters/aws/thing.ts' },
  {
    rule: 'only-lambda-index-picks-the-platform',
    path: 'lambdas/get-task/b.ts',
    imports: '#platform/aws.ts',
    others: { 'lib/platform/aws.ts': EMPTY },
  },
  { rule: 'runtime-knows-core-and-platform', path: 'model-containers/runtime/a.ts', imports: '#api' },
  { rule: 'a-model-knows-its-folder-only', path: 'model-containers/models/model_a/a.ts', imports: '#core' },
  {
    rule: 'a-model-knows-its-folder-only',
    path: 'model-containers/models/model_a/b.ts',
    imports: '#proto/models/model_b.ts',
  },
  {
    rule: 'a-model-knows-its-folder-only',
    path: 'model-containers/models/model_b/a.ts',
    imports: '../model_a/model.ts',
  },
  { rule: 'nothing-imports-entry-points', path: 'lib/local/b.ts', imports: '../../bin/local.ts' },
  { rule: 'nothing-imports-tests', path: 'lib/core/d.ts', imports: '#test/support.ts' },
  { rule: 'nothing-imports-scripts', path: 'lib/local/c.ts', imports: '../../scripts/generate.ts' },
  { rule: 'adapters-never-see-each-other', path: 'lib/adapters/memory/b.ts', imports: '#adapters/aws/thing.ts' },
  {
    rule: 'core-by-its-index',
    path: 'lib/platform/b.ts',
    imports: '../core/task.ts',
    others: { 'lib/core/task.ts': EMPTY },
  },
  { rule: 'no-circle', path: 'lib/local/d.ts', imports: './d.ts', atRunTime: true },
  { rule: 'no-dead-module', path: 'lib/local/f.ts', imports: '#core' },
  { rule: 'every-import-resolves', path: 'lib/local/e.ts', imports: './nowhere.ts' },
];

/** Left alone on purpose: it breaks `no-orphan` by importing nothing. */
export const ORPHAN = 'lib/local/orphan.ts';

/** What a small but complete house contains besides its plants. */
export const HOUSE: Readonly<Record<string, string>> = {
  'bin/local.ts': EMPTY,
  'lib/core/index.ts': EMPTY,
  'lib/contract/index.ts': EMPTY,
  'lib/api/index.ts': EMPTY,
  'lib/platform/platform.ts': EMPTY,
  'lib/adapters/aws/thing.ts': EMPTY,
  'model-containers/models/model_a/model.ts': EMPTY,
  'proto/gen/models/model_b.ts': EMPTY,
  'scripts/generate.ts': EMPTY,
  'test/support.ts': EMPTY,
  [ORPHAN]: EMPTY,
};
