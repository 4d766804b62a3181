import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { ROOT } from '../architecture/cruise.ts';

const text = readFileSync(`${ROOT}/Dockerfile`, 'utf8');
const instructions = text
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line));

/** The instructions of a stage, below its FROM. */
function stage(name: string): string[] {
  const from = instructions.findIndex((line) => line.startsWith('FROM ') && line.endsWith(` AS ${name}`));
  const next = instructions.findIndex((line, at) => at > from && line.startsWith('FROM '));
  return instructions.slice(from + 1, next < 0 ? undefined : next);
}

describe('the Dockerfile', () => {
  it('takes every base from the build argument or from itself', () => {
    const stages = instructions.flatMap((line) => / AS (\w[\w-]*)$/.exec(line)?.[1] ?? []);
    const bases = instructions.flatMap((line) => /^FROM (?:--platform=\S+ )?(\S+)/.exec(line)?.[1] ?? []);

    expect(bases.filter((base) => !/^\$\{(?:NODE|PYTHON)_IMAGE\}$/.test(base) && !stages.includes(base))).toEqual([]);
    expect(instructions[0]).toMatch(/^ARG NODE_IMAGE=node:24-bookworm-slim(@sha256:[0-9a-f]{64})?$/);
  });

  it('runs nothing but on the machine that builds, so that images for another one need no emulator', () => {
    const builds = instructions.find((line) => line.endsWith(' AS dependencies'));
    const forOthers = ['runtime', 'gateway', 'model', 'model-onnx', 'lifecycle'].flatMap(stage);

    expect(builds).toMatch(/^FROM --platform=\$\{BUILDPLATFORM:-[\w/]+\} /);
    expect(forOthers.filter((line) => line.startsWith('RUN '))).toEqual([]);
    expect(stage('model-bundle').join()).toContain('RUN node scripts/bundle-model.ts');
  });

  it('runs Node itself, so that it hears of SIGTERM, as a user without rights', () => {
    const runtime = stage('runtime');

    expect(runtime).toContain('USER node');
    expect(runtime).toContain('ENTRYPOINT ["node"]');
    expect(runtime).toContain('CMD ["main.mjs"]');
    expect(instructions).toContain('FROM runtime AS gateway');
    expect(instructions).toContain('FROM runtime AS model');
    expect(stage('model-python')).toEqual(
      expect.arrayContaining(['USER node', 'ENTRYPOINT ["node"]', 'CMD ["main.mjs"]']),
    );
  });

  it.each([
    ['gateway', '/readyz', '8000'],
    ['model', '/health', '8080'],
    ['model-python', '/health', '8080'],
    ['model-onnx', '/health', '8080'],
    ['lifecycle', '/health', '8080'],
    ['lifecycle-python', '/health', '8080'],
  ])('asks the %s at %s whether it is well, without a shell', (name, path, port) => {
    const check = stage(name).find((line) => line.startsWith('HEALTHCHECK')) ?? '';
    const command = JSON.parse(check.slice(check.indexOf('['))) as string[];

    expect(command.at(-1)).toContain(`http://127.0.0.1:${port}${path}`);
    expect(stage(name).join('\n')).toMatch(new RegExp(`PORT=${port}\\b`));
    expect(stage(name)).toContain(`EXPOSE ${port}`);
  });

  it('declares every folder that a model may write to, which Fargate would give to root otherwise', async () => {
    const { template } = await synthesize('dev');
    const folders = resourcesOf(template, 'AWS::ECS::TaskDefinition').flatMap(([, { Properties }]) =>
      (Properties.ContainerDefinitions[0].MountPoints as { ContainerPath: string }[]).map((at) => at.ContainerPath),
    );

    expect(folders.length).toBeGreaterThan(0);
    for (const folder of folders) {
      for (const name of ['model', 'model-python', 'model-onnx', 'lifecycle', 'lifecycle-python']) {
        expect(stage(name)).toContain(`VOLUME ["${folder}"]`);
      }
      expect(readFileSync(`${ROOT}/docs/model-dockerfile.md`, 'utf8')).toContain(`\nVOLUME ["${folder}"]\n`);
    }
  });

  it('builds a model when no target is named', () => {
    expect(instructions.findLast((line) => line.startsWith('FROM '))).toBe('FROM model AS default');
  });
});

describe('the context of images', () => {
  it('is what is named, with no settings of a person and no history', () => {
    const lines = readFileSync(`${ROOT}/.dockerignore`, 'utf8')
      .split('\n')
      .filter((line) => /^[^#]/.test(line));
    const named = lines.filter((line) => line.startsWith('!'));

    expect(lines[0]).toBe('*');
    expect(named.filter((line) => /env|git|compose|test/.test(line))).toEqual([]);
  });
});
