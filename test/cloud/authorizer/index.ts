import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent, PolicyDocument } from 'aws-lambda';

/** `Bearer <name>` is that caller; a `stranger` is known and refused. Everybody else is unknown. */
export async function handler({
  headers,
  methodArn,
}: Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'methodArn'>): Promise<APIGatewayAuthorizerResult> {
  const [, name] = /^Bearer (\w+)$/.exec(headers?.Authorization ?? headers?.authorization ?? '') ?? [];
  // The one message that API Gateway answers with 401.
  if (name === undefined) throw new Error('Unauthorized');
  const Statement: PolicyDocument['Statement'] = [
    {
      Action: 'execute-api:Invoke',
      Effect: name === 'stranger' ? 'Deny' : 'Allow',
      Resource: wholeStage(methodArn),
    },
  ];
  return { principalId: name, policyDocument: { Version: '2012-10-17', Statement } };
}

/** The answer is kept for other routes than the one that was asked about. */
const wholeStage = (methodArn: string): string => `${methodArn.split('/').slice(0, 2).join('/')}/*`;
