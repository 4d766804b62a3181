import type {
  EnumDescriptor,
  FileDescriptor,
  MessageDescriptor,
  ScalarType,
} from '../../lib/contract/descriptor/model.ts';

/** A message or an enum with its TypeScript names. */
export interface DeclaredType {
  readonly file: FileDescriptor;
  /** The name in its own file. */
  readonly name: string;
  /** The name in files that import it. It begins with `$`, so no message of that file can have the same name. */
  readonly alias: string;
}

/** `Outer.Inner` becomes `Outer_Inner`. */
export const localName = ({ fullName }: MessageDescriptor | EnumDescriptor, { packageName }: FileDescriptor): string =>
  (packageName === '' ? fullName : fullName.slice(packageName.length + 1)).replaceAll('.', '_');

/** All messages and enums of a file, by full name. */
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
