import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  CfnMethod,
  EndpointType,
  type IAuthorizer,
  IdentitySource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RequestAuthorizer,
  RequestValidator,
  RestApi,
  type RestApiProps,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { CORS_MAX_AGE_SECONDS, CORS_REQUEST_HEADERS } from '#api/http/headers.ts';
import { METHODS, type Route, type RoutedHandlerName, type RoutePath } from '#api/http/routes.ts';
import { acknowledge } from './acknowledge.ts';
import { AddedRestRoutes } from './added-rest-routes.ts';
import { Firewall } from './firewall.ts';
import {
  ACCESS_LOG_FORMAT,
  type AddedRoutes,
  AUTHORIZER_CACHE_SECONDS,
  acknowledgeOpen,
  answerInProblems,
  type HttpApi,
  type HttpApiMetrics,
  type HttpApiProps,
  methodsOf,
  OWN_AUTHORIZER,
} from './http-api.ts';

const STAGE = 'v1';

/** Required query parameters. API Gateway refuses requests without them and invokes no Lambda. */
const REQUIRED_QUERY: Partial<Record<RoutePath, readonly string[]>> = { '/models/{model}/result': ['task_id'] };

/** The route table as an API Gateway REST API with request validation, throttling and an access log. */
export class RestHttpApi extends Construct implements HttpApi {
  readonly metrics: HttpApiMetrics;
  readonly #api: RestApi;
  readonly #props: HttpApiProps;
  readonly #authorizer: IAuthorizer | undefined;

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const api = this.#createApi(props);
    this.#api = api;
    this.#props = props;
    this.#authorizer = this.#createAuthorizer(props);
    this.#keepErrors(props);
    answerInProblems(api, props.corsOrigins);
    this.#addRoutes(props, this.#authorizer);
    const { firewall } = props;
    if (firewall) new Firewall(this, 'Firewall', { ...firewall, stageArn: api.deploymentStage.stageArn });
    this.#readPreflightAsText();
    this.metrics = {
      requests: (options) => api.metricCount(options),
      serverErrors: (options) => api.metricServerError(options),
      clientErrors: (options) => api.metricClientError(options),
      latency: (options) => api.metricLatency(options),
    };
    this.#acknowledge(props);
  }

  get url(): string {
    return this.#api.url;
  }

  extend(scope: Construct, { routes, handler }: AddedRoutes): void {
    const { unrouted, corsOrigins, routes: own } = this.#props;
    const id = this.#authorizer?.authorizerId;
    new AddedRestRoutes(scope, 'Routes', {
      ...{ api: this.#api, stageName: STAGE, routes, handler, unrouted },
      knownPaths: new Set(own.flatMap(({ path }) => beginningsOf(path))),
      authorizer: id === undefined ? undefined : { authorizerId: id, authorizationType: AuthorizationType.CUSTOM },
      cors: cors(corsOrigins).defaultCorsPreflightOptions,
    });
  }

  #createApi({ name, ratePerSecond, burst, corsOrigins, logRetention, tracing }: HttpApiProps): RestApi {
    const logGroup = new LogGroup(this, 'AccessLog', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    return new RestApi(this, 'Api', {
      restApiName: name,
      description: 'Predictions, tasks and models',
      endpointTypes: [EndpointType.REGIONAL],
      // Otherwise API Gateway decides by the first type of `Accept` alone whether an answer is binary.
      binaryMediaTypes: ['*/*'],
      cloudWatchRole: true,
      // The account has one such role. Deleting it with a stage would end the logs of all other stages.
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName: STAGE,
        throttlingRateLimit: ratePerSecond,
        throttlingBurstLimit: burst,
        tracingEnabled: tracing,
        metricsEnabled: false,
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        accessLogDestination: new LogGroupLogDestination(logGroup),
        accessLogFormat: AccessLogFormat.custom(ACCESS_LOG_FORMAT),
      },
      ...cors(corsOrigins),
    });
  }

  /** Without this log group, API Gateway would create one that never expires. */
  #keepErrors({ logRetention: retention }: HttpApiProps): void {
    const { restApiId, deploymentStage } = this.#api;
    const logGroupName = `API-Gateway-Execution-Logs_${restApiId}/${STAGE}`;
    const log = new LogGroup(this, 'ErrorLog', { logGroupName, retention, removalPolicy: RemovalPolicy.DESTROY });
    deploymentStage.node.addDependency(log);
  }

  #createAuthorizer({ authorizer }: HttpApiProps): IAuthorizer | undefined {
    if (!authorizer) return undefined;
    return new RequestAuthorizer(this, 'Authorizer', {
      handler: authorizer,
      identitySources: [IdentitySource.header('Authorization')],
      resultsCacheTtl: Duration.seconds(AUTHORIZER_CACHE_SECONDS),
    });
  }

  #addRoutes({ routes, handlers, unrouted }: HttpApiProps, authorizer: IAuthorizer | undefined): void {
    const requestValidator = new RequestValidator(this, 'Parameters', {
      restApi: this.#api,
      validateRequestParameters: true,
      // No body model: messages are known only at run time, and the handler validates them.
      validateRequestBody: true,
    });
    const integrations = new Map<RoutedHandlerName, LambdaIntegration>(
      [...handlers].map(([name, fn]) => [name, invoking(fn)]),
    );
    for (const route of routes) {
      for (const method of methodsOf(route)) {
        const guard = route.role === 'public' ? undefined : authorizer;
        const added = this.#api.root.resourceForPath(route.path).addMethod(method, integrations.get(route.handler), {
          requestValidator,
          requestParameters: requiredParameters(route),
          ...(guard ? { authorizer: guard } : {}),
        });
        if (!guard) acknowledgeOpen(added, authorizer !== undefined);
      }
    }
    // Otherwise API Gateway answers an unknown method as an unknown path.
    const refusing = invoking(unrouted);
    for (const path of new Set(routes.map((route) => route.path))) {
      acknowledgeOpen(this.#api.root.resourceForPath(path).addMethod('ANY', refusing), authorizer !== undefined);
    }
  }

  /** A mock integration cannot read a binary body, and every body is binary here. */
  #readPreflightAsText(): void {
    for (const method of this.#api.methods) {
      const { defaultChild } = method.node;
      if (method.httpMethod === 'OPTIONS' && defaultChild instanceof CfnMethod) {
        defaultChild.addPropertyOverride('Integration.ContentHandling', 'CONVERT_TO_TEXT');
      }
    }
  }

  #acknowledge({ firewall }: HttpApiProps): void {
    acknowledge(this, {
      ...(firewall ? {} : { 'AwsSolutions-APIG3': NO_FIREWALL }),
      'AwsSolutions-COG4': OWN_AUTHORIZER,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
        'The managed policy is the one that API Gateway documents for writing its logs, and AWS keeps it current.',
    });
  }
}

const NO_FIREWALL =
  'The API is throttled, verifies its callers and takes typed messages only; a web ACL costs $9 a month and is one setting of the stage.';

/** CORS preflight. The Lambdas add CORS headers to responses. */
const cors = (origins: readonly string[]): Pick<RestApiProps, 'defaultCorsPreflightOptions'> =>
  origins.length === 0
    ? {}
    : {
        defaultCorsPreflightOptions: {
          allowOrigins: [...origins],
          allowMethods: ['HEAD', ...METHODS],
          allowHeaders: [...CORS_REQUEST_HEADERS],
          maxAge: Duration.seconds(CORS_MAX_AGE_SECONDS),
        },
      };

/** `/a/b/c` begins with `/a` and `/a/b`. */
const beginningsOf = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((_, at, parts) => `/${parts.slice(0, at + 1).join('/')}`);

const invoking = (fn: IFunction): LambdaIntegration => new LambdaIntegration(fn, { scopePermissionToMethod: false });

/** Path parameters in the API's own documentation. */
function requiredParameters({ path }: Route): Record<string, boolean> {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `method.request.path.${name}`);
  const required: Readonly<Record<string, readonly string[] | undefined>> = REQUIRED_QUERY;
  const inQuery = (required[path] ?? []).map((name) => `method.request.querystring.${name}`);
  return Object.fromEntries([...inPath, ...inQuery].map((name) => [name, true]));
}
