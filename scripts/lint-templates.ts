import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STAGES } from '../lib/stacks/stage-config.ts';
import { pythonTool } from './cloud/python-tools.ts';

// Synthesizes every stage and checks the templates against the schemas of CloudFormation.
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const IGNORED = [
  // Redundant DependsOn: the CDK also writes dependencies that a reference implies.
  'W3005',
];

const into = await mkdtemp(join(tmpdir(), 'modelyard-templates-'));
try {
  const linter = await pythonTool('cfn-lint');
  for (const stage of Object.keys(STAGES)) {
    const args = [
      'node_modules/.bin/cdk',
      'synth',
      '--quiet',
      '--output',
      join(into, stage),
      '--context',
      `stage=${stage}`,
    ];
    const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error(`Synthesis of the stage ${stage} failed.`);
  }
  const files = await readdir(into, { recursive: true });
  const templates = files.filter((path) => path.endsWith('.template.json')).map((path) => join(into, path));
  const { status } = spawnSync(linter, ['--ignore-checks', ...IGNORED, '--', ...templates], { stdio: 'inherit' });
  process.stdout.write(`${templates.length} templates: ${status === 0 ? 'no findings' : 'see above'}.\n`);
  process.exitCode = status === 0 && templates.length === Object.keys(STAGES).length ? 0 : 1;
} finally {
  await rm(into, { recursive: true });
}
