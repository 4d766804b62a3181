/** Who may import whom. `test/architecture/import-rules.test.ts` runs these and plants a violation of each. */

/** Builtins are the only modules without a dot in their path. */
const NODE = '^[a-z_:/]+$';
const npm = (...packages) => `^node_modules/(@types/)?(${packages.join('|')})(/|$)`;

const CORE = '^lib/core/';
const CONTRACT = '^lib/contract/';
const GENERATED = '^proto/gen/';
const PLATFORM = '^lib/platform/';
const ADAPTERS = '^lib/adapters/';

const DECLARATIONS = '\\.d\\.ts$';

/** Modules that are started rather than imported, and the reference platform, which tests run. */
const STARTED = [
  '^bin/',
  '^scripts/[^/]+\\.ts$',
  '^lambdas/[^/]+/index\\.ts$',
  '^model-containers/models/',
  '^model-containers/runtime/instance/main\\.ts$',
  '^lib/local/instance-leash\\.ts$',
  '^lib/platform/memory\\.ts$',
];

/** Modules under `path` import nothing but what matches one of `allowed`. */
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
    [CORE, CONTRACT, GENERATED, npm('uuid'), '^crypto$'],
    'The core knows the domain only: no SDK, no adapter, nothing of Node but its hashes.',
  ),
  room(
    'contract-knows-protobuf-only',
    CONTRACT,
    [CONTRACT, GENERATED, npm('protobufjs'), '^crypto$'],
    'Descriptors and codecs stand below the core.',
  ),
  room(
    'generated-code-knows-contract-only',
    GENERATED,
    [GENERATED, CONTRACT, npm('protobufjs')],
    'Generated messages need the codec and nothing else.',
  ),
  room(
    'aws-adapters-know-core-and-sdk',
    '^lib/adapters/aws/',
    ['^lib/adapters/aws/', CORE, CONTRACT, GENERATED, npm('@aws-sdk', '@smithy'), NODE],
    'An adapter translates one service into a port of the core; it sees no other room.',
  ),
  room(
    'memory-adapters-know-core',
    '^lib/adapters/memory/',
    ['^lib/adapters/memory/', CORE, CONTRACT, GENERATED, NODE],
    'The reference adapters stand on the core alone.',
  ),
  room(
    'rabbit-redis-adapters-know-core-and-clients',
    '^lib/adapters/rabbit-redis/',
    ['^lib/adapters/rabbit-redis/', CORE, CONTRACT, GENERATED, npm('rabbitmq-client', 'redis', '@redis'), NODE],
    'An adapter translates one service into a port of the core; it sees no other room.',
  ),
  room(
    'docker-adapters-know-core-and-docker',
    '^lib/adapters/docker/',
    ['^lib/adapters/docker/', CORE, CONTRACT, GENERATED, npm('dockerode'), NODE],
    'Instance control speaks to the engine and to nothing else.',
  ),
  room(
    'platform-knows-core-and-adapters',
    PLATFORM,
    [PLATFORM, CORE, CONTRACT, ADAPTERS, npm('@aws-sdk', '@smithy'), NODE],
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
      npm('@middy', '@aws-lambda-powertools', 'aws-lambda'),
      NODE,
    ],
    'Routes, problems and negotiation are the same on every platform.',
  ),
  room(
    'gateway-knows-handlers-and-platform',
    '^lib/gateway/',
    ['^lib/(gateway|api|platform)/', CORE, CONTRACT, '^lambdas/', npm('aws-lambda', 'pino'), NODE],
    'The API as a process: the handlers of the Lambdas behind an HTTP server.',
  ),
  room(
    'local-knows-no-container',
    '^lib/local/',
    [
      '^lib/(local|gateway|api|platform|adapters)/',
      CORE,
      CONTRACT,
      GENERATED,
      '^model-containers/catalog/',
      npm('fauxqs', 'dynalite', '@aws-sdk', '@smithy', 'aws-lambda', 'fastify'),
      NODE,
    ],
    'The embedded platform starts model containers as processes; it never loads one.',
  ),
  room(
    'catalog-knows-core',
    '^model-containers/catalog/',
    ['^model-containers/catalog/', '^lib/adapters/aws/resources\\.ts$', CORE, CONTRACT, NODE],
    'Manifests are data: their rules need neither the runtime nor a platform.',
  ),
  room(
    'bundling-knows-esbuild-only',
    '^lib/bundling/',
    ['^lib/bundling/', npm('esbuild'), NODE],
    'How handlers are bundled has nothing to do with what they do.',
  ),
  room(
    'constructs-know-what-they-deploy',
    '^lib/constructs/',
    [
      '^lib/constructs/',
      '^lib/bundling/',
      '^lib/api/http/(routes|media-types|problem|metric-names|cors)\\.ts$',
      '^lib/adapters/aws/resources\\.ts$',
      '^lib/platform/environment\\.ts$',
      '^model-containers/catalog/manifest\\.ts$',
      CORE,
      npm('aws-cdk-lib', 'constructs'),
      NODE,
    ],
    'What is deployed is described by tables, names and manifests; nothing of it runs while it is described.',
  ),
  room(
    'stacks-wire-constructs',
    '^lib/stacks/',
    [
      '^lib/(stacks|constructs)/',
      '^lib/api/http/routes\\.ts$',
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
      CORE,
      CONTRACT,
      GENERATED,
      '^package\\.json$',
      npm('@middy', '@aws-lambda-powertools', 'aws-lambda', 'prom-client'),
      NODE,
    ],
    'A handler gets its adapters as an argument.',
  ),
  {
    name: 'only-lambda-index-picks-the-platform',
    comment: 'Handlers work on any platform; index.ts picks AWS. The type of a platform is free to all.',
    severity: 'error',
    from: { path: '^lambdas/', pathNot: '^lambdas/[^/]+/index\\.ts$' },
    to: { path: PLATFORM, pathNot: '^lib/platform/platform\\.ts$' },
  },
  room(
    'runtime-knows-core-and-platform',
    '^model-containers/runtime/',
    ['^model-containers/(runtime|catalog)/', CORE, CONTRACT, GENERATED, PLATFORM, npm('prom-client', 'pino'), NODE],
    'The runtime speaks to queues and stores through the platform.',
  ),
  {
    name: 'a-model-knows-its-folder-only',
    comment: 'A model author sees defineModel, the generated messages and npm; never a queue, a store or an SDK.',
    severity: 'error',
    from: { path: '^model-containers/models/([^/]+)/' },
    to: {
      pathNot: [
        '^model-containers/models/$1/',
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
    comment: 'Entry points build and start; they have nothing to share.',
    severity: 'error',
    from: {},
    to: { path: ['^bin/', '^lambdas/[^/]+/index\\.ts$', '^model-containers/runtime/instance/main\\.ts$'] },
  },
  {
    name: 'nothing-imports-tests',
    comment: 'What ships does not know how it is tested.',
    severity: 'error',
    from: { pathNot: '^test/' },
    to: { path: '^test/' },
  },
  {
    name: 'nothing-imports-scripts',
    comment: 'Scripts are for developers; what ships does not need them.',
    severity: 'error',
    from: { pathNot: '^(scripts|test)/' },
    to: { path: '^scripts/' },
  },
  {
    name: 'adapters-never-see-each-other',
    comment: 'A platform is a coherent set of adapters, never a mix by accident.',
    severity: 'error',
    from: { path: '^lib/adapters/([^/]+)/' },
    to: { path: ADAPTERS, pathNot: '^lib/adapters/$1/' },
  },
  {
    name: 'core-by-its-index',
    comment: 'The public surface of the core is one screen: its index.',
    severity: 'error',
    from: { path: '^(lib|lambdas|model-containers|bin)/', pathNot: CORE },
    to: { path: CORE, pathNot: '^lib/core/index\\.ts$' },
  },
  {
    name: 'no-circle',
    comment: 'Two modules that need each other are one module, or lack a third. Types are gone when it runs.',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-orphan',
    comment: 'A module that nobody imports and that imports nobody is left over.',
    severity: 'error',
    from: { orphan: true, pathNot: ['^(test|scripts)/', DECLARATIONS] },
    to: {},
  },
  {
    name: 'no-dead-module',
    comment: 'What nothing that starts leads to never runs.',
    severity: 'error',
    from: { path: STARTED },
    to: { path: '^(lambdas|lib|model-containers|scripts)/', pathNot: [...STARTED, DECLARATIONS], reachable: false },
  },
  {
    name: 'every-import-resolves',
    comment: 'An import that leads nowhere would escape all other rules.',
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
    // Type imports count: a room that needs another's types depends on it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts', '.json'],
    },
  },
};
