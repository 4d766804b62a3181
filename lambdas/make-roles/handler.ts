import type { Logger } from '#core';
import { answerCloudFormation, type CustomResourceEvent } from '../custom-resource.ts';

interface MakeRolesDeps {
  /** Makes the role of a service in the database of this host. */
  readonly makeRole: (
    host: string,
    role: { readonly name: string; readonly principals: readonly string[] },
  ) => Promise<void>;
  readonly logger: Logger;
}

export interface MakeRolesProperties {
  readonly Databases: readonly { readonly Service: string; readonly Host: string }[];
  /** ARNs of the IAM roles that may connect. */
  readonly Principals: readonly string[];
}

/** Makes the role of each service in its database before anything connects, and fails the deployment otherwise. */
export const createHandler = ({ makeRole, logger }: MakeRolesDeps) =>
  async function makeRoles(event: CustomResourceEvent<MakeRolesProperties>): Promise<void> {
    const { Databases, Principals: principals } = event.ResourceProperties;
    const left = event.RequestType === 'Delete' ? [] : Databases;
    const made = await Promise.allSettled(left.map(({ Service: name, Host }) => makeRole(Host, { name, principals })));
    const faults = made.flatMap((each, at) =>
      each.status === 'rejected' ? [`The role of ${left[at]?.Service} could not be made: ${String(each.reason)}`] : [],
    );
    for (const reason of faults) logger.error('A role is missing.', { reason });
    await answerCloudFormation(event, { id: 'roles', fault: faults[0] });
  };
