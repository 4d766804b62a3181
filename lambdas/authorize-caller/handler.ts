import type { APIGatewayAuthorizerResult, APIGatewaySimpleAuthorizerWithContextResult } from 'aws-lambda';
import { type Authenticator, headersOf, type PrincipalContext, type ProxyEvent, toPrincipalContext } from '#api';
import { type Logger, ModelyardError } from '#core';

/** The fields of an authorizer event that are read. A REST API names a `methodArn`, an HTTP API a `routeArn`. */
interface AuthorizerEvent extends Pick<ProxyEvent, 'headers' | 'multiValueHeaders'> {
  /** `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`. */
  readonly methodArn?: string;
  readonly routeArn?: string;
}

interface AuthorizerDeps {
  /** Undefined: nobody is known. */
  readonly authenticate: Authenticator | undefined;
  readonly logger: Logger;
}

type Verdict = APIGatewayAuthorizerResult | APIGatewaySimpleAuthorizerWithContextResult<Partial<PrincipalContext>>;

/**
 * Identifies the caller. The policy covers the whole stage, because API Gateway caches it for every route; handlers
 * check roles and owners. A REST API answers unknown callers with 401. An HTTP API cannot, so the handlers do.
 */
export const createHandler = ({ authenticate, logger }: AuthorizerDeps) =>
  async function authorizeCaller(event: AuthorizerEvent): Promise<Verdict> {
    const caller = await known(event);
    if (event.methodArn === undefined) return { isAuthorized: true, context: caller ?? {} };
    // API Gateway answers only this message with 401.
    if (!caller) throw new Error('Unauthorized');
    const { principalId, ...context } = caller;
    return { principalId, policyDocument: mayCall(wholeStage(event.methodArn)), context };

    async function known(asked: AuthorizerEvent): Promise<PrincipalContext | undefined> {
      try {
        // Two credentials arrive joined, which is no valid bearer token.
        const principal = await authenticate?.(headersOf(asked).list('authorization'));
        return principal && toPrincipalContext(principal);
      } catch (error) {
        if (error instanceof ModelyardError && error.code === 'unauthenticated') return undefined;
        logger.error('Callers cannot be verified.', { error });
        throw error;
      }
    }
  };

const mayCall = (Resource: string): APIGatewayAuthorizerResult['policyDocument'] => ({
  Version: '2012-10-17',
  Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource }],
});

const wholeStage = (methodArn: string): string => `${methodArn.split('/').slice(0, 2).join('/')}/*`;
