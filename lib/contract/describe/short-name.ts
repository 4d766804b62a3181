import type { TypeIndex } from '../descriptor/type-index.ts';

/**
 * The shortest reference to a type from the message `scope`. The package is omitted where protobuf resolves the name
 * without it: it searches the first part from the innermost scope outwards.
 */
export function shortName(typeName: string, scope: string, packageName: string, types: TypeIndex): string {
  const isLocal = packageName !== '' && typeName.startsWith(`${packageName}.`);
  const short = isLocal ? typeName.slice(packageName.length + 1) : typeName;
  return meaningOf(short, scope, types) === typeName ? short : `.${typeName}`;
}

/** The full name that a reference resolves to. */
function meaningOf(reference: string, scope: string, types: TypeIndex): string | undefined {
  const [first = ''] = reference.split('.');
  for (let outer = scope; outer !== ''; outer = outer.slice(0, Math.max(outer.lastIndexOf('.'), 0))) {
    if (isTaken(`${outer}.${first}`, types)) return `${outer}.${reference}`;
  }
  return reference;
}

/** Whether a name is a type or a package. */
const isTaken = (name: string, types: TypeIndex): boolean =>
  types.has(name) || types.files.some(({ packageName }) => packageName === name || packageName.startsWith(`${name}.`));
