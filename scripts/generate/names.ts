import type {
  EnumDescriptor,
  FileDescriptor,
  MessageDescriptor,
  ScalarType,
} from '../../lib/contract/descriptor/model.ts';

/** A message or an enum, and what it is called in TypeScript. */
export interface DeclaredType {
  readonly file: FileDescriptor;
  /** In its own file. */
  readonly name: string;
  /** Where it is imported: no message can have this name, so it hides none. */
  readonly alias: string;
}

/** `Outer.Inner` becomes `Outer_Inner`. */
export const localName = ({ fullName }: MessageDescriptor | EnumDescriptor, { packageName }: FileDescriptor): string =>
  (packageName === '' ? fullName : fullName.slice(packageName.length + 1)).replaceAll('.', '_');

/** Everything a file declares, by full name. */
export function declaredTypes(file: FileDescriptor): readonly (readonly [fullName: string, type: DeclaredType])[] {
  const declare = (each: MessageDescriptor | EnumDescriptor): readonly [string, DeclaredType] => [
    each.fullName,
    { file, name: localName(each, file), alias: `$${each.fullName.replaceAll('.', '_')}` },
  ];
  const inMessage = (message: MessageDescriptor): readonly (readonly [string, DeclaredType])[] => [
    declare(message),
    ...message.enums.map(declare),
    ...message.messages.flatMap(inMessage),
  ];
  return [...file.enums.map(declare), ...file.messages.flatMap(inMessage)];
}

export function scalarType(scalar: ScalarType): string {
  if (scalar === 'string') return 'string';
  if (scalar === 'bool') return 'boolean';
  if (scalar === 'bytes') return 'Uint8Array';
  return scalar.endsWith('64') ? 'bigint' : 'number';
}
