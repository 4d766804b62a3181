import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CorsHttpMethod,
  HttpApi as GatewayHttpApi,
  HttpAuthorizer,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { CORS_MAX_AGE_SECONDS, CORS_REQUEST_HEADERS, EXPOSED_HEADERS } from '#api/http/headers.ts';
import type { RoutedHandlerName } from '#api/http/routes.ts';
import {
  ACCESS_LOG_FORMAT,
  type AddedRoutes,
  AUTHORIZER_CACHE_SECONDS,
  acknowledgeOpen,
  type HttpApi,
  type HttpApiMetrics,
  type HttpApiProps,
  methodsOf,
} from './http-api.ts';

/**
 * The route table as an API Gateway HTTP API: less than a third of the price, without request validation
 * and web ACLs.
 */
export class LeanHttpApi extends Construct implements HttpApi {
  readonly metrics: HttpApiMetrics;
  readonly #stage: HttpStage;
  readonly #api: GatewayHttpApi;
  readonly #asked: IHttpRouteAuthorizer;
  #authorizer: HttpLambdaAuthorizer | undefined;

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const api = new GatewayHttpApi(this, 'Api', {
      apiName: props.name,
      description: 'Predictions, tasks and models',
      createDefaultStage: false,
      defaultIntegration: invoking('unrouted', props.unrouted),
      ...cors(props.corsOrigins),
    });
    this.#stage = this.#createStage(api, props);
    this.#api = api;
    this.#asked = this.#createAuthorizer(props);
    this.#addRoutes(api, props);
    this.metrics = {
      requests: (options) => api.metricCount(options),
      serverErrors: (options) => api.metricServerError(options),
      clientErrors: (options) => api.metricClientError(options),
      latency: (options) => api.metricLatency(options),
    };
  }

  get url(): string {
    return this.#stage.url;
  }

  #createStage(api: GatewayHttpApi, { ratePerSecond, burst, logRetention }: HttpApiProps): HttpStage {
    const logGroup = new LogGroup(this, 'AccessLog', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    return new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: ratePerSecond, burstLimit: burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(logGroup),
        format: AccessLogFormat.custom(ACCESS_LOG_FORMAT.replace('$context.resourcePath', '$context.routeKey')),
      },
    });
  }

  extend(scope: Construct, { routes, handler }: AddedRoutes): void {
    const { httpApiId } = this.#api;
    const httpApi = GatewayHttpApi.fromHttpApiAttributes(scope, 'Api', { httpApiId });
    const authorizerId = this.#authorizer?.authorizerId;
    const authorizer =
      authorizerId === undefined
        ? new HttpNoneAuthorizer()
        : HttpAuthorizer.fromHttpAuthorizerAttributes(scope, 'Authorizer', { authorizerId, authorizerType: 'CUSTOM' });
    const integration = invoking('lifecycle', handler);
    for (const route of routes) {
      for (const method of methodsOf(route)) {
        const routeKey = HttpRouteKey.with(route.path, HttpMethod[method]);
        const added = new HttpRoute(scope, `${method}${route.path}`, { httpApi, routeKey, integration, authorizer });
        if (authorizerId === undefined) acknowledgeOpen(added, false);
      }
    }
  }

  #createAuthorizer({ authorizer }: HttpApiProps): IHttpRouteAuthorizer {
    if (!authorizer) return new HttpNoneAuthorizer();
    this.#authorizer = new HttpLambdaAuthorizer('Authorizer', authorizer, {
      identitySource: ['$request.header.Authorization'],
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      resultsCacheTtl: Duration.seconds(AUTHORIZER_CACHE_SECONDS),
    });
    return this.#authorizer;
  }

  #addRoutes(api: GatewayHttpApi, { routes, handlers, authorizer }: HttpApiProps): void {
    const integrations = new Map<RoutedHandlerName, HttpLambdaIntegration>(
      [...handlers].map(([name, fn]) => [name, invoking(name, fn)]),
    );
    for (const route of routes) {
      const { path, method, handler, role } = route;
      const integration = integrations.get(handler);
      if (!integration) throw new Error(`No handler ${handler} stands behind ${method} ${path}.`);
      const added = api.addRoutes({
        path,
        methods: methodsOf(route).map((name) => HttpMethod[name]),
        integration,
        authorizer: role === 'public' ? new HttpNoneAuthorizer() : this.#asked,
      });
      if (role === 'public' || !authorizer) for (const one of added) acknowledgeOpen(one, authorizer !== undefined);
    }
    const unrouted = api.node.findChild('DefaultRoute');
    acknowledgeOpen(unrouted, authorizer !== undefined);
  }
}

/** Payload version 1, which the handlers read. */
const invoking = (name: string, fn: IFunction): HttpLambdaIntegration =>
  new HttpLambdaIntegration(`${name}Integration`, fn, { payloadFormatVersion: PayloadFormatVersion.VERSION_1_0 });

const cors = (origins: readonly string[]) =>
  origins.length === 0
    ? {}
    : {
        corsPreflight: {
          allowOrigins: [...origins],
          allowMethods: [CorsHttpMethod.ANY],
          allowHeaders: [...CORS_REQUEST_HEADERS],
          exposeHeaders: [...EXPOSED_HEADERS],
          maxAge: Duration.seconds(CORS_MAX_AGE_SECONDS),
        },
      };
