import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';

/** The repository's root, without a slash at the end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where code lives. */
export const FOLDERS = ['bin', 'lambdas', 'lib', 'lifecycle', 'model-containers', 'proto', 'scripts', 'test'] as const;

/** Every TypeScript file under `root`, as paths relative to it. */
export const sourceFiles = (root: string, folders: readonly string[] = FOLDERS): string[] =>
  folders
    .flatMap((folder) =>
      readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
    )
    .filter((path) => path.endsWith('.ts'))
    .toSorted();

/** Reads every import under `root` and holds it against the import rules. */
export async function cruiseTree(root: string, folders: readonly string[] = FOLDERS): Promise<ICruiseResult> {
  const { forbidden, options } = await rules();
  const { enhancedResolveOptions, ...cruiseOptions } = options ?? {};
  const { output } = await cruise(
    [...folders],
    { ...cruiseOptions, baseDir: root, validate: true, ruleSet: { forbidden } as IFlattenedRuleSet },
    { ...enhancedResolveOptions },
    { tsConfig: extractTsConfig(`${ROOT}/tsconfig.json`) },
  );
  if (typeof output === 'string') throw new Error(`Expected a result, got text: ${output}`);
  return output;
}

/** The rules as `.dependency-cruiser.mjs` says them. */
export const rules = () => extractConfig(`${ROOT}/.dependency-cruiser.mjs`);
