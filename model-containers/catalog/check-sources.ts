import { type FieldRule, isRecord } from '#core';
import { type ContainerSource, PROTOCOLS, type TensorMapping } from './manifest.ts';

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);
const eachIs = (rule: (value: unknown) => boolean) => (value: unknown) =>
  isRecord(value) && Object.values(value).every(rule);

type PartRules<T> = Record<keyof T, readonly [rule: (value: unknown) => boolean, must: string]>;

const TENSOR_RULES: PartRules<TensorMapping> = {
  inputs: [eachIs((value) => isText(value) || isTexts(value)), 'an object from inputs to fields'],
  outputs: [eachIs(isText), 'an object from outputs to fields'],
  labels: [isTexts, 'a list of names'],
};

const isPath = (value: unknown): boolean => isText(value) && String(value).startsWith('/');
const isPort = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;

const CONTAINER_RULES: PartRules<ContainerSource> = {
  protocol: [(value) => PROTOCOLS.some((name) => name === value), `one of ${PROTOCOLS.join(', ')}`],
  port: [isPort, 'a port'],
  image: [isText, 'the name of an image'],
  build: [isText, 'a folder'],
  command: [isTexts, 'a list of a program and its arguments'],
  path: [isPath, 'a path that begins with /'],
  health: [isPath, 'a path that begins with /'],
  model: [isText, 'a name'],
};

/** Completes "… must be" for an object whose parts have rules. */
const partsOf =
  <T>(what: string, rules: PartRules<T>): FieldRule =>
  (value) => {
    if (!isRecord(value)) return what;
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(rules, name));
    if (unknown !== undefined) return `${what} without the unknown field ${unknown}`;
    for (const [name, [isRight, must]] of Object.entries<PartRules<T>[keyof T]>(rules)) {
      if (value[name] !== undefined && !isRight(value[name])) return `an object whose ${name} is ${must}`;
    }
    return undefined;
  };

export const tensors: FieldRule = partsOf('an object with inputs, outputs and labels', TENSOR_RULES);

const WHAT = 'an object with protocol, port, and image, build or command';
const containerParts = partsOf(WHAT, CONTAINER_RULES);
export const container: FieldRule = (value) => {
  const must = containerParts(value);
  if (must !== undefined || !isRecord(value)) return must ?? WHAT;
  const { protocol, port, image, build, command } = value;
  const isComplete = protocol !== undefined && port !== undefined && (image ?? build ?? command) !== undefined;
  return isComplete ? undefined : WHAT;
};
