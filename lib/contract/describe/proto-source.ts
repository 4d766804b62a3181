import type { Contract } from '../contract.ts';
import type {
  EnumDescriptor,
  FieldDescriptor,
  FileDescriptor,
  MessageDescriptor,
  Reserved,
  ValueType,
} from '../descriptor/model.ts';
import { type TypeIndex, typesOf } from '../descriptor/type-index.ts';
import { protobuf } from '../protobuf.ts';

/**
 * The .proto file that defines the request, generated from its descriptor with comments. Options that change neither
 * bytes nor JSON are omitted. Throws `UnreadableMessageError` for a malformed contract.
 */
export function protoSourceOf(contract: Contract): string {
  const types = typesOf(contract);
  return new ProtoWriter(types, types.fileOf(contract.requestMessage)).write();
}

/** All .proto files of the contract by path, except those of google/protobuf. */
export function protoFilesOf(contract: Contract): ReadonlyMap<string, string> {
  const types = typesOf(contract);
  const written = new Map<string, string>();
  const visit = (file: FileDescriptor): void => {
    if (written.has(file.path) || file.packageName === 'google.protobuf') return;
    written.set(file.path, new ProtoWriter(types, file).write());
    for (const imported of filesUsedBy(file, types)) visit(imported);
  };
  visit(types.fileOf(contract.requestMessage));
  visit(types.fileOf(contract.responseMessage));
  return written;
}

/** Other files that define the types of its fields. */
function filesUsedBy(file: FileDescriptor, types: TypeIndex): readonly FileDescriptor[] {
  const inMessage = (message: MessageDescriptor): readonly FileDescriptor[] => [
    ...message.fields.flatMap(({ type }) => (type.kind === 'scalar' ? [] : [types.fileOf(type.typeName)])),
    ...message.messages.flatMap(inMessage),
  ];
  return [...new Set(file.messages.flatMap(inMessage))].filter((used) => used !== file);
}

class ProtoWriter {
  readonly #types: TypeIndex;
  readonly #file: FileDescriptor;

  constructor(types: TypeIndex, file: FileDescriptor) {
    this.#types = types;
    this.#file = file;
  }

  write(): string {
    const imports = filesUsedBy(this.#file, this.#types).map(({ path }) => `import ${JSON.stringify(path)};`);
    const { packageName, messages, enums } = this.#file;
    const head = [
      'syntax = "proto3";',
      ...(packageName === '' ? [] : [`package ${packageName};`]),
      ...(imports.length === 0 ? [] : [imports.sort().join('\n')]),
    ];
    const body = [...messages.map((each) => this.#message(each)), ...enums.map(writeEnum)];
    return `${[...head, ...body].join('\n\n')}\n`;
  }

  #message(message: MessageDescriptor): string {
    const parts = [
      ...this.#members(message),
      ...message.messages.map((each) => this.#message(each)),
      ...message.enums.map(writeEnum),
    ];
    return block(message.comment, `message ${message.name}`, [...reservedLine(message.reserved), ...parts]);
  }

  /** In order; a oneof at the position of its first member. */
  #members(message: MessageDescriptor): readonly string[] {
    const written = new Set<string>();
    return message.fields.flatMap((field): readonly string[] => {
      if (field.oneof === undefined) return [this.#field(field, message)];
      if (written.has(field.oneof)) return [];
      written.add(field.oneof);
      const members = message.fields.filter(({ oneof }) => oneof === field.oneof);
      const comment = message.oneofs.find(({ name }) => name === field.oneof)?.comment ?? '';
      return [
        block(
          comment,
          `oneof ${field.oneof}`,
          members.map((member) => this.#field(member, message)),
        ),
      ];
    });
  }

  #field(field: FieldDescriptor, message: MessageDescriptor): string {
    const { name, number, comment, cardinality, keyType, oneof, presence, type } = field;
    const value = this.#typeName(type, message);
    const isOptional = presence && oneof === undefined && type.kind !== 'message';
    const label = { single: isOptional ? 'optional ' : '', repeated: 'repeated ', map: '' }[cardinality];
    const written = cardinality === 'map' ? `map<${keyType}, ${value}>` : `${label}${value}`;
    return `${commentLines(comment)}${written} ${name} = ${number}${optionsOf(field)};`;
  }

  #typeName(type: ValueType, message: MessageDescriptor): string {
    return type.kind === 'scalar'
      ? type.scalar
      : shortName(type.typeName, message.fullName, this.#file.packageName, this.#types);
  }
}

function optionsOf({ name, jsonName, packed, deprecated }: FieldDescriptor): string {
  const options = [
    ...(jsonName === protobuf.util.jsonName(name) ? [] : [`json_name = ${JSON.stringify(jsonName)}`]),
    ...(packed === undefined ? [] : [`packed = ${packed}`]),
    ...(deprecated ? ['deprecated = true'] : []),
  ];
  return options.length === 0 ? '' : ` [${options.join(', ')}]`;
}

function writeEnum({ name, comment, values, reserved }: EnumDescriptor): string {
  const aliased = new Set(values.map(({ number }) => number)).size < values.length;
  return block(comment, `enum ${name}`, [
    ...(aliased ? ['option allow_alias = true;'] : []),
    ...reservedLine(reserved),
    ...values.map((value) => `${commentLines(value.comment)}${value.name} = ${value.number};`),
  ]);
}

/** Numbers and names need separate statements. */
function reservedLine(reserved: Reserved): readonly string[] {
  const [names, numbers] = [
    reserved.filter((each) => each.startsWith('"')),
    reserved.filter((each) => !each.startsWith('"')),
  ];
  return [numbers, names].filter((list) => list.length > 0).map((list) => `reserved ${list.join(', ')};`);
}

function block(comment: string, head: string, parts: readonly string[]): string {
  const inside = parts
    .join('\n')
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`));
  return `${commentLines(comment)}${head} {${parts.length === 0 ? '' : `\n${inside.join('\n')}\n`}}`;
}

const commentLines = (comment: string): string =>
  comment === ''
    ? ''
    : `${comment
        .split('\n')
        .map((line) => `// ${line}`.trimEnd())
        .join('\n')}\n`;

/**
 * The shortest reference to a type from the message `scope`. The package is omitted where protobuf resolves the name
 * without it: it searches the first part from the innermost scope outwards.
 */
function shortName(typeName: string, scope: string, packageName: string, types: TypeIndex): string {
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
