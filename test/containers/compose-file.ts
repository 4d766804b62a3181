import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ROOT } from '../architecture/cruise.ts';

export interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly build?: { readonly dockerfile?: string; readonly target?: string; readonly args?: Record<string, string> };
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly command?: readonly string[];
}

export const composeText = readFileSync(`${ROOT}/compose.yaml`, 'utf8');

/** By name, as the file says it: nothing is replaced by the environment. */
export const services = (parse(composeText, { merge: true }) as { services: Record<string, Service> }).services;

/** Names of the services that run under a profile, and of those that always do. */
export const underProfile = (profile: string): string[] =>
  Object.keys(services).filter((name) => services[name]?.profiles?.includes(profile) ?? true);

/** The model that a service runs; undefined for every other service. */
export const modelOf = (name: string): string | undefined => services[name]?.build?.args?.MODEL;

/** The lines of a file of variables. */
export const variablesOf = (path: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(`${ROOT}/${path}`, 'utf8')
      .split('\n')
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
