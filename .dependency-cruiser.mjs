/** Import rules. `test/architecture/import-rules.test.ts` enforces them and plants a violation of each. */

/** Only built-in modules have no dot in their path. */
const NODE = '^[a-z_:/]+$';
const npm = (...packages) => `^node_modules/(@types/)?(${packages.join('|')})(/|$)`;

const CORE = '^lib/core/';
const CONTRACT = '^lib/contract/';
const GENERATED = '^proto/gen/';
const PLATFORM = '^lib/platform/';
const ADAPTERS = '^lib/adapters/';

/** The folders of the lifecycle's services. */
const SERVICES = 'ingestion|preprocessing|features|training|serving|pipelines|monitoring|alerts';

const DECLARATIONS = '\\.d\\.ts$';

/** Modules that are started or loaded by path, and the memory platform, which only tests use. */
const STARTED = [
  '^bin/',
  '^scripts/[^/]+\\.ts$',
  '^lambdas/[^/]+/index\\.ts$',
  '^model-containers/(?:models|examples)/',
  '^model-containers/runtime/instance/main\\.ts$',
  '^model-containers/runtime/backends/model-main\\.ts$',
  '^lib/gateway/transcoding-worker\\.ts$',
  '^lib/local/instance-guard\\.ts$',
  '^lib/bundling/(environment-credentials|lru-cache)\\.ts$',
  '^lib/platform/memory\\.ts$',
  '^lifecycle/(worker|models|trainers)/',
  '^lifecycle/pipelines/exchange-folder\\.ts$',
  // In place of another module in the published package.
  '^lib/cli/no-source-verbs[.]ts$',
];

/** Modules under `path` may import only what matches one of `allowed`. */
const room = (name, path, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path },
  to: { pathNot: allowed },
});

const rooms = [
  room(
    'core-is-pure',
    CORE,
    [CORE, CONTRACT, GENERATED, npm('uuid'), '^(crypto|net)$'],
    'The core has no SDK, no adapter, and of Node only its hashes and lists of addresses.',
  ),
  room(
    'contract-knows-protobuf-only',
    CONTRACT,
    [CONTRACT, GENERATED, npm('protobufjs'), '^(buffer|crypto)$'],
    'Descriptors and codecs do not depend on the core.',
  ),
  room(
    'generated-code-knows-contract-only',
    GENERATED,
    [GENERATED, CONTRACT, npm('protobufjs')],
    'Generated messages use only the codec.',
  ),
  room(
    'aws-adapters-know-core-and-sdk',
    '^lib/adapters/aws/',
    ['^lib/adapters/aws/', CORE, CONTRACT, GENERATED, npm('@aws-sdk', '@smithy'), NODE],
    'An adapter implements ports of the core with one client library.',
  ),
  room(
    'memory-adapters-know-core',
    '^lib/adapters/memory/',
    ['^lib/adapters/memory/', CORE, CONTRACT, GENERATED, NODE],
    'The memory adapters use only the core.',
  ),
  room(
    'rabbit-redis-adapters-know-core-and-clients',
    '^lib/adapters/rabbit-redis/',
    ['^lib/adapters/rabbit-redis/', CORE, CONTRACT, GENERATED, npm('rabbitmq-client', 'redis', '@redis'), NODE],
    'An adapter implements ports of the core with one client library.',
  ),
  room(
    'sqlite-adapters-know-core-and-builtins',
    '^lib/adapters/sqlite/',
    ['^lib/adapters/sqlite/', CORE, CONTRACT, GENERATED, npm('kysely'), NODE],
    'An adapter translates one service into a port of the core; it sees no other room.',
  ),
  room(
    'sql-adapters-know-core-and-query-builder',
    '^lib/adapters/sql/',
    ['^lib/adapters/sql/', CORE, CONTRACT, GENERATED, npm('kysely', 'pg', '@aws-sdk'), '^timers/promises$'],
    'What every SQL database serves knows none of them.',
  ),
  room(
    'artifact-stores-know-core-and-s3',
    '^lib/adapters/artifacts/',
    ['^lib/adapters/artifacts/', CORE, npm('@aws-sdk', '@smithy'), NODE],
    'Artifacts are files or objects of S3.',
  ),
  room(
    'duckdb-adapter-knows-duckdb',
    '^lib/adapters/duckdb/',
    ['^lib/adapters/duckdb/', CORE, npm('@duckdb'), NODE],
    'Tables of the lifecycle are in DuckDB.',
  ),
  room(
    'outbound-adapter-knows-core-and-http',
    '^lib/adapters/outbound/',
    ['^lib/adapters/outbound/', CORE, npm('standardwebhooks', 'nodemailer'), NODE],
    'Requests to other servers leave through one guarded client.',
  ),
  room(
    'otel-adapter-knows-core-and-opentelemetry',
    '^lib/adapters/otel/',
    ['^lib/adapters/otel/', CORE, npm('@opentelemetry')],
    'Traces leave through the SDK of OpenTelemetry.',
  ),
  room(
    'docker-adapters-know-core-and-docker',
    '^lib/adapters/docker/',
    ['^lib/adapters/docker/', CORE, CONTRACT, GENERATED, npm('dockerode'), NODE],
    'Instance control uses only the Docker engine.',
  ),
  room(
    'platform-knows-core-and-adapters',
    PLATFORM,
    [PLATFORM, CORE, CONTRACT, ADAPTERS, npm('@aws-sdk', '@smithy', 'kysely'), NODE],
    'A platform is a set of adapters and its settings.',
  ),
  room(
    'api-knows-core',
    '^lib/api/',
    [
      '^lib/api/',
      '^lib/platform/platform\\.ts$',
      CORE,
      CONTRACT,
      GENERATED,
      npm('@middy', '@aws-lambda-powertools', 'aws-lambda', 'jose'),
      NODE,
    ],
    'Routes, problems and negotiation are the same on every platform.',
  ),
  room(
    'gateway-knows-handlers-and-platform',
    '^lib/gateway/',
    [
      '^lib/(gateway|api|platform)/',
      // The messages of stages.
      '^proto/gen/modelyard/',
      CORE,
      CONTRACT,
      '^lambdas/',
      '^lifecycle/handler\\.ts$',
      npm('aws-lambda', 'pino'),
      NODE,
    ],
    'The gateway runs the Lambda handlers behind an HTTP server.',
  ),
  room(
    'local-knows-no-container',
    '^lib/local/',
    [
      '^lib/(local|gateway|api|platform|adapters)/',
      // `users export` reads a data folder whose system may be stopped.
      '^lifecycle/open-lifecycle\\.ts$',
      CORE,
      CONTRACT,
      GENERATED,
      '^model-containers/catalog/',
      npm('chokidar', 'csv-parse', 'fauxqs', 'dynalite', '@aws-sdk', '@smithy', 'aws-lambda', 'fastify'),
      NODE,
    ],
    'The embedded platform starts instances as processes and never imports a model.',
  ),
  room(
    'cli-knows-commands-and-libraries',
    '^lib/cli/',
    [
      '^lib/(cli|local|platform)/',
      '^clients/typescript/',
      CORE,
      CONTRACT,
      '^model-containers/catalog/',
      '^model-containers/runtime/backends/tensor-fields\\.ts$',
      npm('commander', 'onnxruntime-node', 'onnxruntime-common'),
      NODE,
    ],
    'The command line writes files and starts things; it runs no model and serves no request.',
  ),
  room(
    'catalog-knows-core',
    '^model-containers/catalog/',
    ['^model-containers/catalog/', CORE, CONTRACT, NODE],
    'Manifests are data and need neither the runtime nor a platform.',
  ),
  room(
    'bundling-knows-esbuild-only',
    '^lib/bundling/',
    ['^lib/bundling/', npm('esbuild', '@aws-sdk/credential-provider-env'), NODE],
    'Bundling does not depend on the bundled code.',
  ),
  room(
    'constructs-know-what-they-deploy',
    '^lib/constructs/',
    [
      '^lib/constructs/',
      '^lib/bundling/',
      '^lib/api/http/(routes|negotiation|problem|metrics|headers)\\.ts$',
      '^lib/adapters/aws/resources\\.ts$',
      '^lib/platform/environment\\.ts$',
      '^model-containers/catalog/manifest\\.ts$',
      CORE,
      npm('aws-cdk-lib', 'constructs'),
      NODE,
    ],
    'Synthesis reads tables, names and manifests, and never loads run-time code.',
  ),
  room(
    'stacks-wire-constructs',
    '^lib/stacks/',
    [
      '^lib/(stacks|constructs)/',
      '^lib/api/http/(lifecycle-)?routes\\.ts$',
      '^lib/platform/(environment|lifecycle-databases)\\.ts$',
      '^model-containers/catalog/manifest\\.ts$',
      npm('aws-cdk-lib', 'constructs'),
    ],
    'A stack wires constructs and holds no logic.',
  ),
  room(
    'handlers-know-core-and-api',
    '^lambdas/',
    [
      '^lambdas/',
      '^lib/(api|platform)/',
      '^lifecycle/(handler|due|open-lifecycle)\\.ts$',
      CORE,
      CONTRACT,
      GENERATED,
      '^package\\.json$',
      npm('@middy', '@aws-lambda-powertools', 'aws-lambda', 'prom-client'),
      NODE,
    ],
    'A handler receives its adapters as arguments.',
  ),
  {
    name: 'only-lambda-index-picks-the-platform',
    comment:
      'Handlers run on any platform; only entry.ts, known-callers.ts and index.ts select AWS. The type Platform may be imported.',
    severity: 'error',
    from: { path: '^lambdas/', pathNot: '^lambdas/(entry|known-callers|[^/]+/index)\\.ts$' },
    to: { path: PLATFORM, pathNot: '^lib/platform/platform\\.ts$' },
  },
  room(
    'lifecycle-knows-core-api-and-its-adapters',
    '^lifecycle/',
    [
      '^lifecycle/',
      CORE,
      CONTRACT,
      GENERATED,
      '^lib/api/',
      '^lib/platform/(platform|from-environment|trainer-settings)\\.ts$',
      '^lib/adapters/(sql/service-database|duckdb/tables)\\.ts$',
      '^model-containers/catalog/manifest\\.ts$',
      '^model-containers/runtime/define-model\\.ts$',
      npm(
        'kysely',
        'uuid',
        'aws-lambda',
        'ml-matrix',
        'croner',
        'prom-client',
        'onnxruntime-node',
        'onnxruntime-common',
      ),
      NODE,
    ],
    'A service receives its database and its artifacts from the platform.',
  ),
  {
    name: 'services-never-see-each-other',
    comment: 'A service asks another one by its queries and events, and never reads its database.',
    severity: 'error',
    from: { path: `^lifecycle/(${SERVICES})/` },
    to: { path: `^lifecycle/(${SERVICES})/`, pathNot: '^lifecycle/$1/' },
  },
  room(
    'runtime-knows-core-and-platform',
    '^model-containers/runtime/',
    [
      '^model-containers/(runtime|catalog)/',
      CORE,
      CONTRACT,
      GENERATED,
      PLATFORM,
      npm('prom-client', 'pino', 'onnxruntime-node', 'onnxruntime-common'),
      NODE,
    ],
    'The runtime uses queues and stores through the platform.',
  ),
  {
    name: 'a-model-knows-its-folder-only',
    comment: 'A model uses defineModel, its generated messages and npm packages, but no queue, store or AWS SDK.',
    severity: 'error',
    from: { path: '^model-containers/(?:models|examples)/([^/]+)/' },
    to: {
      pathNot: [
        '^model-containers/(?:models|examples)/$1/',
        '^model-containers/runtime/define-model\\.ts$',
        '^model-containers/catalog/manifest\\.ts$',
        '^proto/gen/models/$1\\.ts$',
        '^node_modules/(?!@aws-sdk/|@smithy/)',
        NODE,
      ],
    },
  },
];

const everywhere = [
  {
    name: 'nothing-imports-entry-points',
    comment: 'Entry points only parse, build and start.',
    severity: 'error',
    from: {},
    to: {
      path: [
        '^bin/',
        '^lambdas/[^/]+/index\\.ts$',
        '^model-containers/runtime/(instance/main|backends/model-main)\\.ts$',
      ],
    },
  },
  {
    name: 'nothing-imports-tests',
    comment: 'Production code does not import tests.',
    severity: 'error',
    from: { pathNot: '^test/' },
    to: { path: '^test/' },
  },
  {
    name: 'nothing-imports-scripts',
    comment: 'Production code does not import development scripts.',
    severity: 'error',
    from: { pathNot: '^(scripts|test)/' },
    to: { path: '^scripts/' },
  },
  {
    name: 'adapters-never-see-each-other',
    comment: 'A platform is a coherent set of adapters, never a mix.',
    severity: 'error',
    from: { path: '^lib/adapters/([^/]+)/' },
    to: { path: ADAPTERS, pathNot: '^lib/adapters/$1/' },
  },
  {
    name: 'core-by-its-index',
    comment: 'The index is the public interface of the core.',
    severity: 'error',
    from: { path: '^(lib|lambdas|lifecycle|model-containers|bin)/', pathNot: CORE },
    to: { path: CORE, pathNot: '^lib/core/((events|outbound|stages|webhooks)/)?index\\.ts$' },
  },
  {
    name: 'no-circle',
    comment: 'Cyclic modules belong together or lack a third. Type imports do not exist at run time.',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-orphan',
    comment: 'A module without imports and importers is unused.',
    severity: 'error',
    from: { orphan: true, pathNot: ['^(test|scripts)/', DECLARATIONS] },
    to: {},
  },
  {
    name: 'no-dead-module',
    comment: 'No started module reaches this one, so it never runs.',
    severity: 'error',
    from: { path: STARTED },
    to: {
      path: '^(lambdas|lib|lifecycle|model-containers|scripts)/',
      pathNot: [...STARTED, DECLARATIONS],
      reachable: false,
    },
  },
  {
    name: 'every-import-resolves',
    comment: 'The other rules do not see unresolved imports.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
];

export default {
  forbidden: [...rooms, ...everywhere],
  options: {
    doNotFollow: { path: '^node_modules/' },
    exclude: { path: '(^|/)(dist|cdk\\.out)/' },
    // Type imports are dependencies too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts', '.json'],
    },
  },
};
