import { protobuf } from '../protobuf.ts';

/** The type of an Any, if it is one of ours. */
export function typeOfUrl({ root }: protobuf.Type, url: string): protobuf.Type | undefined {
  const name = `.${url.slice(url.lastIndexOf('/') + 1)}`;
  if (!url.includes('/') || name === '.') return undefined;
  const found = root.lookup(name);
  // A lookup may find something that merely ends like this.
  return found?.fullName === name && found instanceof protobuf.Type ? found : undefined;
}
