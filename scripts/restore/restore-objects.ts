import {
  CopyObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  type S3Client,
} from '@aws-sdk/client-s3';

interface Version {
  readonly key: string;
  /** Undefined for the marker of a deletion. */
  readonly id: string | undefined;
  readonly size: number;
  readonly since: Date;
}

interface RestoreOptions {
  /** First part of the bucket's name. */
  readonly bucketPrefix: string;
  readonly at: Date;
  /** Versions of before expire by themselves. */
  readonly oldest?: Date;
  /** Whether an object that was emptied gets its content back. */
  readonly isWanted: (key: string) => Promise<boolean>;
}

/**
 * Gives objects of a bucket the content of a time that they have lost since: by a deletion, or by an empty version, which
 * the deletion of a user leaves. Resolves with their number.
 */
export async function restoreObjects(client: S3Client, options: RestoreOptions): Promise<number> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand({ Prefix: options.bucketPrefix }));
  let restored = 0;
  for (const { Name: Bucket = '' } of Buckets.filter(({ Name }) => Name?.startsWith(options.bucketPrefix))) {
    for await (const versions of objectsOf(client, Bucket)) {
      const lost = await lostVersion(versions, options);
      if (!lost) continue;
      const { key, id } = lost;
      const CopySource = `${Bucket}/${key.split('/').map(encodeURIComponent).join('/')}?versionId=${id}`;
      await client.send(new CopyObjectCommand({ Bucket, Key: key, CopySource }));
      restored += 1;
    }
  }
  return restored;
}

/** The versions of one object after the other, the newest first. */
async function* objectsOf(client: S3Client, Bucket: string): AsyncGenerator<readonly Version[]> {
  let versions: Version[] = [];
  for await (const found of pagesOf(client, Bucket)) {
    for (const version of found) {
      if (versions.length > 0 && versions[0]?.key !== version.key) {
        yield versions;
        versions = [];
      }
      versions.push(version);
    }
  }
  if (versions.length > 0) yield versions;
}

async function* pagesOf(client: S3Client, Bucket: string): AsyncGenerator<readonly Version[]> {
  let more: Partial<ListObjectVersionsCommandInput> | undefined = {};
  while (more) {
    const page: ListObjectVersionsCommandOutput = await client.send(new ListObjectVersionsCommand({ Bucket, ...more }));
    const { Versions = [], DeleteMarkers = [] } = page;
    yield [
      ...Versions.map((version) => toVersion(version, version.Size ?? 0)),
      ...DeleteMarkers.map((marker) => toVersion({ ...marker, VersionId: undefined }, 0)),
    ].sort((a, b) => (a.key === b.key ? b.order - a.order : a.key < b.key ? -1 : 1));
    more = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
}

function toVersion({ Key: key = '', VersionId: id, LastModified: since, IsLatest }: ObjectVersion, size: number) {
  const made = since ?? new Date();
  // Times are whole seconds.
  return { key, id, size, since: made, order: IsLatest ? Number.POSITIVE_INFINITY : made.getTime() };
}

async function lostVersion(
  versions: readonly Version[],
  { at, oldest, isWanted }: RestoreOptions,
): Promise<Version | undefined> {
  const [now] = versions;
  const then = versions.find(({ since }) => since <= at);
  if (!now || !then?.size || now.size > 0 || (oldest && then.since < oldest)) return undefined;
  return now.id === undefined || (await isWanted(now.key)) ? then : undefined;
}
