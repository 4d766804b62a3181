import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { discoverModels } from '#catalog/discover-models.ts';
import type { ModelManifest } from '#catalog/manifest.ts';
import { ModelyardStack } from '../../lib/stacks/modelyard-stack.ts';
import { STAGES, type StageConfig, type StageName } from '../../lib/stacks/stage-config.ts';

const MODELS = fileURLToPath(new URL('../../model-containers/models', import.meta.url));

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's properties have as many shapes as there are types.
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}

interface Changes {
  readonly config?: Partial<StageConfig>;
  readonly models?: readonly ModelManifest[];
}

type Synthesized = Awaited<ReturnType<typeof synthesizeNow>>;

const unchanged = new Map<StageName, Promise<Synthesized>>();

/** The stack of a stage, and its template. Without changes, all tests of a file share one. */
export function synthesize(stage: StageName, changes?: Changes): Promise<Synthesized> {
  if (changes) return synthesizeNow(stage, changes);
  const synthesized = unchanged.get(stage) ?? synthesizeNow(stage, {});
  unchanged.set(stage, synthesized);
  return synthesized;
}

async function synthesizeNow(stage: StageName, { config = {}, models }: Changes) {
  const app = templateApp();
  const manifests = models ?? (await discoverModels([MODELS])).models.map(({ manifest }) => manifest);
  const stack = new ModelyardStack(app, 'modelyard', {
    stage,
    config: { ...STAGES[stage], ...config },
    models: manifests,
  });
  return { app, stack, template: templatesOf(app, { stack }).stack, models: manifests };
}

/** An app that only makes templates. `npm run lint:templates` checks them by the rules of CloudFormation. */
export const templateApp = (): App =>
  new App({
    builtinCloudFormationValidation: false,
    context: { [cxapi.BUNDLING_STACKS]: [], [cxapi.DISABLE_ASSET_STAGING_CONTEXT]: true },
  });

/** The templates of all stacks of an app. Removes the folder of the app. */
export function templatesOf<Name extends string>(app: App, stacks: Readonly<Record<Name, Stack>>) {
  const entries = Object.entries<Stack>(stacks).map(([name, stack]) => [name, Template.fromStack(stack)] as const);
  rmSync(app.outdir, { recursive: true });
  return Object.fromEntries(entries) as Record<Name, Template>;
}

/** All resources of one type, by logical id. */
export const resourcesOf = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.findResources(type)) as [string, Resource][];

/** The first resource of a type whose logical id starts with `idStart`. Throws when there is none. */
export function resource(template: Template, type: string, idStart: string): Resource {
  const found = resourcesOf(template, type).find(([id]) => id.startsWith(idStart));
  if (!found) throw new Error(`The template has no ${type} that begins with ${idStart}.`);
  return found[1];
}
