import type { Template } from 'aws-cdk-lib/assertions';
import { type Statement, statementsByRole } from './iam.ts';
import type { PlainStatement } from './iam-guard.ts';
import { resourcesOf } from './synthesize.ts';

/** What CloudFormation makes of a value: a name for every reference, in one region of one account. */
export function resolved(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::ImportValue': imported,
    'Fn::GetAtt': [attributed] = [],
    Ref: name = imported ?? attributed,
    'Fn::Join': [glue, parts] = ['', []],
  } = value as { Ref?: string; 'Fn::ImportValue'?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]] };
  if (name === undefined) return parts.map(resolved).join(glue);
  const known: Record<string, string> = {
    ...{ 'AWS::Region': 'eu-west-1', 'AWS::AccountId': '123456789012', 'AWS::URLSuffix': 'amazonaws.com' },
  };
  return known[name] ?? name;
}

/** The environment of the function of a folder of `lambdas/`. Tables are named by their logical ids. */
export function environmentOf(template: Template, folder: string): Record<string, string> {
  const found = resourcesOf(template, 'AWS::Lambda::Function').find(
    ([name]) => name.replace(/[0-9A-F]{8}$/, '') === handlerId(folder === 'submit-by-url' ? 'submit-task' : folder),
  );
  const variables: Record<string, unknown> = found?.[1].Properties.Environment.Variables ?? {};
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, resolved(value)]));
}

/** What the function may do: tables by their logical ids, queues and services by their names. */
export function permissionsOf(template: Template, folder: string): readonly PlainStatement[] {
  const named = new Map(
    [
      ...resourcesOf(template, 'AWS::SQS::Queue').map(([id, { Properties }]) => [id, Properties.QueueName]),
      ...resourcesOf(template, 'AWS::ECS::Service').map(([id, { Properties }]) => [id, Properties.ServiceName]),
    ].map(([id, name]) => [id, String(name)]),
  );
  const plainName = (value: unknown): string => {
    const { Ref: ref, 'Fn::GetAtt': [id] = [ref] } = value as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
    return typeof value === 'string' || id === undefined
      ? JSON.stringify(value).replaceAll('"', '')
      : (named.get(id) ?? id);
  };
  const [, statements = []] =
    [...statementsByRole(template)].find(([role]) => role.startsWith(`${handlerId(folder)}ServiceRole`)) ?? [];
  return statements.map((statement) => ({
    actions: [statement.Action].flat(),
    resources: [statement.Resource].flat().map(plainName),
    ...leadingKeysOf(statement),
  }));
}

function leadingKeysOf({ Condition }: Statement): Pick<PlainStatement, 'leadingKeys'> {
  const { 'ForAllValues:StringEquals': equals } = (Condition ?? {}) as Record<string, Record<string, string[]>>;
  const leadingKeys = equals?.['dynamodb:LeadingKeys'];
  return leadingKeys ? { leadingKeys } : {};
}

const handlerId = (folder: string): string =>
  `Handlers${folder.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
