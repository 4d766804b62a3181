import { asAdmin, makeServiceRole, type ServiceRole } from '#adapters/sql/dsql-roles.ts';

/** Makes the role of a service in a cluster of Aurora DSQL. This process must be allowed to connect as `admin`. */
export const makeServiceRoleOn = (hostname: string, role: ServiceRole): Promise<void> =>
  asAdmin(hostname, (run) => makeServiceRole(run, role));
