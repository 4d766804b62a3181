import type { TypeIndex } from '../descriptor/type-index.ts';

/**
 * How a field of the message `scope` refers to a type: without the package where that is unmistakable, since
 * protobuf looks for the first part of a name from the innermost scope outwards.
 */
export function shortName(typeName: string, scope: string, packageName: string, types: TypeIndex): string {
  const isLocal = packageName !== '' && typeName.startsWith(`${packageName}.`);
  const short = isLocal ? typeName.slice(packageName.length + 1) : typeName;
  return meaningOf(short, scope, types) === typeName ? short : `.${typeName}`;
}

/** The full name that a reference stands for. */
function meaningOf(reference: string, scope: string, types: TypeIndex): string | undefined {
  const [first = ''] = reference.split('.');
  for (let outer = scope; outer !== ''; outer = outer.slice(0, Math.max(outer.lastIndexOf('.'), 0))) {
    if (isTaken(`${outer}.${first}`, types)) return `${outer}.${reference}`;
  }
  return reference;
}

/** As a type, or as a package with something in it. */
const isTaken = (name: string, types: TypeIndex): boolean =>
  types.has(name) || types.files.some(({ packageName }) => packageName === name || packageName.startsWith(`${name}.`));
