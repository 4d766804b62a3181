import { DsqlSigner } from '@aws-sdk/dsql-signer';

/**
 * Makes the passwords of a role of a cluster of Aurora DSQL: tokens that IAM signs for this process. Each is valid for
 * the minutes in which a connection begins.
 */
export function dsqlToken(hostname: string, role: string): () => Promise<string> {
  const [, , region = ''] = hostname.split('.');
  const signer = new DsqlSigner({ hostname, region });
  return () => (role === 'admin' ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken());
}
