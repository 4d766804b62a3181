/** The types of a manifest that has an image for each platform, and of one for a single platform. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const DOCKER_HUB = 'https://registry-1.docker.io';

/** The digest that a tag of an image has now, for example of `node:24` at Docker Hub. Rejects without an answer. */
export async function digestOf(reference: string, registry = DOCKER_HUB): Promise<string> {
  const [name = '', tag = ''] = reference.split(':');
  // Docker Hub keeps its own images in a folder.
  const url = `${registry}/v2/${name.includes('/') ? name : `library/${name}`}/manifests/${tag}`;
  const ask = (headers: Record<string, string>) =>
    fetch(url, { method: 'HEAD', headers: { Accept: MANIFESTS, ...headers } });
  let response = await ask({});
  if (response.status === 401) {
    response = await ask({ Authorization: `Bearer ${await tokenFor(response.headers.get('www-authenticate') ?? '')}` });
  }
  const digest = response.headers.get('docker-content-digest') ?? '';
  if (response.ok && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new Error(`${registry} answers ${response.status} for ${reference}, without a digest.`);
}

/** A token for anonymous reads, from where the registry says. */
async function tokenFor(challenge: string): Promise<string> {
  const parts = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
  const realm = parts.get('realm');
  if (realm === undefined) throw new Error('The registry asks for a login.');
  const url = new URL(realm);
  for (const name of ['service', 'scope']) url.searchParams.set(name, parts.get(name) ?? '');
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.origin} answers ${response.status} for a token.`);
  return String(((await response.json()) as { readonly token?: unknown }).token);
}
