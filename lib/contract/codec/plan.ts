import type { ScalarType } from '../descriptor/model.ts';
import { protobuf } from '../protobuf.ts';

/** How to convert one value of a field. */
export type ValuePlan =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly type: protobuf.Enum }
  | { readonly kind: 'message'; readonly type: protobuf.Type };

/** Field information for the conversions, computed once. */
export interface FieldPlan {
  /** The name in protobufjs: original, or camelCase in well-known types. */
  readonly name: string;
  /** The name in the .proto file. */
  readonly protoName: string;
  readonly cardinality: 'single' | 'repeated' | 'map';
  readonly value: ValuePlan;
  readonly keyType: ScalarType;
  readonly presence: boolean;
  readonly oneof: string | undefined;
  /** For single fields without presence. */
  readonly defaultValue: unknown;
}

export interface MessagePlan {
  readonly fields: readonly FieldPlan[];
  /** By original name. */
  readonly byName: ReadonlyMap<string, FieldPlan>;
  /** By every name that JSON may use: camelCase (or `json_name`) and original. */
  readonly byJsonName: ReadonlyMap<string, FieldPlan>;
}

const plans = new WeakMap<protobuf.Type, MessagePlan>();

/** Lazy, because types may be recursive. */
export function planOf(type: protobuf.Type): MessagePlan {
  const known = plans.get(type);
  if (known) return known;
  const resolved = type.fieldsArray.map((field) => field.resolve());
  const fields = resolved.map(planField);
  const plan = {
    fields,
    byName: new Map(fields.map((field) => [field.protoName, field])),
    byJsonName: new Map(
      resolved.flatMap(({ jsonName, protoName }, i) => {
        const field = fields[i];
        return field ? [[protoName, field] as const, [jsonName, field] as const] : [];
      }),
    ),
  };
  plans.set(type, plan);
  return plan;
}

function planField(field: protobuf.Field): FieldPlan {
  const value = planValue(field);
  return {
    name: field.name,
    protoName: field.protoName,
    cardinality: field instanceof protobuf.MapField ? 'map' : field.repeated ? 'repeated' : 'single',
    value,
    keyType: (field instanceof protobuf.MapField ? field.keyType : 'string') as ScalarType,
    presence: field.hasPresence || value.kind === 'message',
    oneof: field.partOf?.name,
    defaultValue: defaultOf(value),
  };
}

function planValue({ resolvedType, type }: protobuf.Field): ValuePlan {
  if (resolvedType instanceof protobuf.Type) return { kind: 'message', type: resolvedType };
  if (resolvedType instanceof protobuf.Enum) return { kind: 'enum', type: resolvedType };
  return { kind: 'scalar', scalar: type as ScalarType };
}

function defaultOf(value: ValuePlan): unknown {
  if (value.kind !== 'scalar') return value.kind === 'enum' ? 0 : undefined;
  if (value.scalar === 'string') return '';
  if (value.scalar === 'bool') return false;
  if (value.scalar === 'bytes') return new Uint8Array();
  return value.scalar.endsWith('64') ? 0n : 0;
}
