import { protobuf } from '../protobuf.ts';
import type { EnumDescriptor, FieldDescriptor, MessageDescriptor } from './model.ts';
import { readDescriptorSet } from './read.ts';

/**
 * Reflected protobufjs types of a serialized FileDescriptorSet. Fields have their original names, except in
 * google/protobuf, where `ext/protojson` requires camelCase. Throws for malformed bytes and for files other than
 * proto3.
 */
export function buildRoot(descriptorSet: Uint8Array): protobuf.Root {
  const root = new protobuf.Root();
  for (const file of readDescriptorSet(descriptorSet)) {
    // A proto3 file may import it for options, but never uses its messages.
    if (file.path === 'google/protobuf/descriptor.proto') continue;
    if (file.syntax !== 'proto3') throw new TypeError(`${file.path} is ${file.syntax}; only proto3 is supported.`);
    const scope = file.packageName === '' ? root : root.define(file.packageName);
    for (const each of file.enums) scope.add(protobuf.Enum.fromJSON(each.name, enumJson(each)));
    for (const each of file.messages) scope.add(protobuf.Type.fromJSON(each.name, messageJson(each)));
  }
  root.resolveAll();
  return root;
}

const EDITION = 'proto3';

const enumJson = ({ values }: EnumDescriptor): protobuf.IEnum => ({
  edition: EDITION,
  values: Object.fromEntries(values.map(({ name, number }) => [name, number])),
});

function messageJson(message: MessageDescriptor): protobuf.IType {
  const nameOf = message.fullName.startsWith('google.protobuf.') ? protobuf.util.camelCase : (name: string) => name;
  const oneofs = new Map<string, string[]>();
  for (const { name, oneof } of message.fields) {
    if (oneof !== undefined) oneofs.set(oneof, [...(oneofs.get(oneof) ?? []), nameOf(name)]);
  }
  for (const field of message.fields.filter(isOptional)) oneofs.set(`_${field.name}`, [field.name]);
  return {
    edition: EDITION,
    fields: Object.fromEntries(message.fields.map((field) => [nameOf(field.name), fieldJson(field)])),
    oneofs: Object.fromEntries([...oneofs].map(([name, members]) => [name, { oneof: members }])),
    nested: Object.fromEntries([
      ...message.enums.map((each) => [each.name, enumJson(each)] as const),
      ...message.messages.map((each) => [each.name, messageJson(each)] as const),
    ]),
  };
}

const isOptional = ({ presence, oneof, type }: FieldDescriptor): boolean =>
  presence && oneof === undefined && type.kind !== 'message';

function fieldJson(field: FieldDescriptor): protobuf.IField {
  const { name, jsonName, number, cardinality, keyType, packed } = field;
  const options = {
    ...(packed === undefined ? {} : { packed }),
    ...(isOptional(field) ? { proto3_optional: true } : {}),
  };
  const json = {
    id: number,
    type: field.type.kind === 'scalar' ? field.type.scalar : `.${field.type.typeName}`,
    ...(cardinality === 'repeated' ? { rule: 'repeated' } : {}),
    ...(cardinality === 'map' ? { keyType } : {}),
    options,
    protoName: name,
    jsonName,
  };
  return json;
}
