import type { Template } from 'aws-cdk-lib/assertions';
import { resourcesOf } from './synthesize.ts';

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** All policy statements, by the logical id of their role. */
export function statementsByRole(template: Template): ReadonlyMap<string, readonly Statement[]> {
  const statements = new Map<string, Statement[]>();
  const add = (role: string, more: readonly Statement[]) =>
    statements.set(role, [...(statements.get(role) ?? []), ...more]);
  for (const [role, { Properties }] of resourcesOf(template, 'AWS::IAM::Role')) {
    for (const { PolicyDocument } of Properties.Policies ?? []) add(role, PolicyDocument.Statement);
  }
  // Policies of other constructs, and what is too long for a role.
  const policies = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) => resourcesOf(template, type));
  for (const [, { Properties }] of policies) {
    for (const { Ref } of Properties.Roles as { readonly Ref: string }[]) add(Ref, Properties.PolicyDocument.Statement);
  }
  return statements;
}

/** The actions of the role of a handler or a model, each once. */
export function actionsOf(template: Template, roleStart: string): readonly string[] {
  const found = [...statementsByRole(template)].filter(([role]) => role.startsWith(roleStart));
  return [...new Set(found.flatMap(([, statements]) => statements.flatMap(({ Action }) => list(Action))))].toSorted();
}

/** The resources of an action of a role, as JSON. */
export function resourcesFor(template: Template, roleStart: string, action: string): string {
  const found = [...statementsByRole(template)].filter(([role]) => role.startsWith(roleStart));
  return JSON.stringify(
    found
      .flatMap(([, statements]) => statements)
      .filter(({ Action }) => list(Action).includes(action))
      .flatMap(({ Resource }) => list(Resource)),
  );
}
