import { createHash } from 'node:crypto';
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  CfnDeployment,
  CfnMethod,
  type CorsOptions,
  type IAuthorizer,
  type IResource,
  LambdaIntegration,
  Resource,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Route } from '#api/http/routes.ts';
import { acknowledge } from './acknowledge.ts';
import { acknowledgeOpen, methodsOf, OWN_AUTHORIZER } from './http-api.ts';

export interface AddedRestRoutesProps {
  readonly api: RestApi;
  /** Paths of the API, and their beginnings. */
  readonly knownPaths: ReadonlySet<string>;
  readonly stageName: string;
  readonly routes: readonly Route[];
  readonly handler: IFunction;
  /** Handles other methods of the new paths. The API may invoke it already. */
  readonly unrouted: IFunction;
  /** Undefined without authentication. */
  readonly authorizer: IAuthorizer | undefined;
  readonly cors: CorsOptions | undefined;
}

/** Routes of another stack in a REST API, and the deployment that publishes them. */
export class AddedRestRoutes extends Construct {
  constructor(scope: Construct, id: string, props: AddedRestRoutesProps) {
    super(scope, id);
    const { api, knownPaths, stageName, routes, handler, unrouted, authorizer, cors } = props;
    const { restApiId, restApiRootResourceId: rootResourceId } = api;
    const outside = RestApi.fromRestApiAttributes(this, 'Api', { restApiId, rootResourceId });
    const resources = new Map<string, IResource>([['', outside.root]]);
    const refusing = new LambdaIntegration(
      LambdaFunction.fromFunctionAttributes(this, 'Unrouted', { functionArn: unrouted.functionArn }),
      { scopePermissionToMethod: false },
    );
    const answering = new LambdaIntegration(handler, { scopePermissionToMethod: false });

    const resourceAt = (path: string): IResource => {
      const known = resources.get(path);
      if (known) return known;
      const at = path.lastIndexOf('/');
      const resource = knownPaths.has(path)
        ? Resource.fromResourceAttributes(this, `Known${path.replaceAll(/\W/g, '')}`, {
            ...{ restApi: outside, path, resourceId: api.root.resourceForPath(path).resourceId },
          })
        : resourceAt(path.slice(0, at)).addResource(
            path.slice(at + 1),
            cors ? { defaultCorsPreflightOptions: cors } : {},
          );
      resources.set(path, resource);
      return resource;
    };

    for (const route of routes) {
      for (const method of methodsOf(route)) {
        const added = resourceAt(route.path).addMethod(method, answering, authorizer ? { authorizer } : {});
        if (!authorizer) acknowledgeOpen(added, false);
      }
    }
    for (const path of new Set(routes.map((route) => route.path)).difference(knownPaths)) {
      acknowledgeOpen(resourceAt(path).addMethod('ANY', refusing), authorizer !== undefined);
    }
    const methods = this.node.findAll().filter((node) => node instanceof CfnMethod);
    for (const method of methods) {
      // A mock integration cannot read a binary body, and every body is binary here.
      if (method.httpMethod === 'OPTIONS') method.addPropertyOverride('Integration.ContentHandling', 'CONVERT_TO_TEXT');
    }
    acknowledge(this, { 'AwsSolutions-COG4': OWN_AUTHORIZER });
    // A deployment is a copy of the API: another one is needed when the routes change.
    const shape = createHash('sha256')
      .update(JSON.stringify([routes, authorizer !== undefined, cors]))
      .digest('hex');
    const deployment = new CfnDeployment(this, `Deployment${shape.slice(0, 12)}`, { restApiId, stageName });
    // The stage uses it until the next one.
    deployment.applyRemovalPolicy(RemovalPolicy.RETAIN);
    for (const method of methods) deployment.addResourceDependency(method);
  }
}
