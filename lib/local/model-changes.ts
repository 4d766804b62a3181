import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import type { Discovery, LocalModel } from '#catalog/discover-models.ts';
import type { Clock, Logger } from '#core';
import { ROOT } from './instance-command.ts';

interface ChangeOptions {
  /** Folders of model folders. */
  readonly roots: readonly string[];
  /** Code outside of them: the model that runs it, by the folder. */
  readonly shared: Readonly<Record<string, string>>;
  /** Finds the models again, with the manifests as they are now. */
  readonly discover: () => Promise<Discovery>;
  /** Starts a new model, or the instances of a known one again. */
  readonly onChanged: (model: LocalModel) => Promise<void>;
  /** Stops the instances of a model whose folder is gone. Returns whether there was such a model. */
  readonly onRemoved: (name: string) => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const CONTRACTS = join(ROOT, 'proto', 'models');
const MESSAGES = join(ROOT, 'proto', 'gen', 'models');
/** Editors write a file in several steps. */
const QUIET_MS = 200;
/** Code, data and weights; not what a model may write while it runs. */
const RELEVANT = /\.(?:[cm]?[jt]s|py|json|onnx|txt|pkl|joblib|pt|safetensors|bin|npz|csv|toml|ya?ml)$/;
const IGNORED = /[\\/](?:\.[^\\/]+|__pycache__|node_modules|mlruns)(?:[\\/]|$)/;

/**
 * Until the signal aborts: starts models again whose files or messages have changed, and starts new models. A changed
 * contract is generated first. A folder that became invalid is named, and its model goes on as it was; without its
 * folder, a model stops.
 */
export async function watchModelFiles(options: ChangeOptions): Promise<void> {
  const { roots, shared, logger, clock, signal } = options;
  const changed = new Set<string>();
  let hasNewContract = false;
  let wake = new AbortController();
  const folders = roots.map((root) => resolve(root));
  const modelsOf = (path: string): readonly string[] => {
    const roots = folders.filter((root) => isBelow(root, path));
    if (roots.length > 0) return roots.map((root) => folderIn(root, path));
    return Object.keys(shared).flatMap((folder) => (isBelow(folder, path) ? [shared[folder] as string] : []));
  };
  const onChange = (path: string) => {
    if (isBelow(CONTRACTS, path)) hasNewContract ||= path.endsWith('.proto');
    else if (isBelow(MESSAGES, path)) changed.add(basename(path, '.ts'));
    else if (isRelevant(path)) for (const name of modelsOf(path)) changed.add(name);
    if (hasNewContract || changed.size > 0) wake.abort();
  };
  // Own code would miss files that replace others: a recursive watch of Node does.
  const { watch } = await import('chokidar');
  const watched = [...folders, ...Object.keys(shared), CONTRACTS, MESSAGES];
  const watcher = watch(watched, {
    ignoreInitial: true,
    ignored: (path) => watched.some((folder) => isBelow(folder, path) && IGNORED.test(path.slice(folder.length))),
  });
  watcher.on('all', (_event, path) => onChange(path));
  watcher.on('error', (error) => logger.warn('Changes of models may not be seen.', { reason: String(error) }));
  while (!signal.aborted) {
    await clock.sleep(MAX_SLEEP_MS, AbortSignal.any([wake.signal, signal]));
    if (signal.aborted) break;
    await clock.sleep(QUIET_MS, signal);
    wake = new AbortController();
    if (hasNewContract) {
      hasNewContract = false;
      await generate(logger);
    }
    const names = new Set(changed);
    changed.clear();
    if (names.size > 0) await reload(names, options);
  }
  await watcher.close();
}

const MAX_SLEEP_MS = 3_600_000;

const isRelevant = (path: string): boolean => RELEVANT.test(path) && !path.endsWith('.pyi');

const isBelow = (folder: string, path: string): boolean => path.startsWith(folder + sep);

/** The folder of the model. */
const folderIn = (root: string, path: string): string => relative(root, path).split(sep)[0] ?? '';

async function reload(names: ReadonlySet<string>, options: ChangeOptions): Promise<void> {
  const { roots, shared, discover, onChanged, onRemoved, logger } = options;
  try {
    const { models, faults } = await discover();
    for (const fault of faults) {
      if ([...names].some((name) => fault.includes(`${sep}${name}`))) logger.error(fault);
    }
    for (const model of models) if (names.has(model.manifest.name)) await onChanged(model);
    const known = new Set(Object.values(shared));
    for (const name of names) {
      if (known.has(name) || roots.some((root) => existsSync(join(root, name)))) continue;
      if (!onRemoved(name)) continue;
      logger.info('The folder of a model is gone. Its instances stop after their current work.', { model: name });
    }
  } catch (error) {
    logger.error('The changed models could not be started again.', { reason: String(error) });
  }
}

/** As `npm run generate`. The messages that change start their models again. */
async function generate(logger: Logger): Promise<void> {
  const child = spawn(process.execPath, ['scripts/generate.ts'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  if (code !== 0)
    logger.error('The messages of a changed contract could not be generated.', { reason: complaint.trim() });
}
