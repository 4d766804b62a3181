import { describe, expect, it } from 'vitest';
import { isTriggerEvent, isTriggeredBy, type Pipeline, pipelineFault, subjectOf, type Trigger } from '#core';

const TRIGGER: Trigger = { event: 'dataset.versioned', dataset: 'loads' };

describe('a trigger', () => {
  const event = (type: string, payload: Record<string, unknown>) => ({ type, payload }) as never;

  it('fits the events of its type that are about its subject', () => {
    expect(isTriggeredBy([TRIGGER], event('dataset.versioned', { dataset: 'loads', version: '2' }))).toBe(true);
    expect(isTriggeredBy([TRIGGER], event('dataset.versioned', { dataset: 'prices' }))).toBe(false);
    expect(isTriggeredBy([TRIGGER], event('dataset.cleaned', { dataset: 'loads' }))).toBe(false);
    expect(
      isTriggeredBy([{ event: 'version.trained', model: 'm' }, TRIGGER], event('version.trained', { model: 'm' })),
    ).toBe(true);
    expect(isTriggeredBy([], event('dataset.versioned', { dataset: 'loads' }))).toBe(false);
    expect(isTriggeredBy(undefined, event('dataset.versioned', { dataset: 'loads' }))).toBe(false);
  });

  it.each([
    [{ event: 'dataset.versioned', dataset: 'd' }, 'd'],
    [{ event: 'dataset.cleaned', recipe: 'r' }, 'r'],
    [{ event: 'features.materialized', view: 'v' }, 'v'],
    [{ event: 'version.trained', model: 'm' }, 'm'],
    [{ event: 'deployment.changed', model: 'm' }, 'm'],
    [{ event: 'drift.detected', model: 'm' }, undefined],
  ])('of %o is about %s', (about, subject) => {
    expect(subjectOf(about)).toBe(subject);
    expect(isTriggerEvent(about.event)).toBe(subject !== undefined);
  });
});

describe('the triggers of a pipeline', () => {
  const faultOf = (triggers: unknown, stages: Pipeline['stages'] = [{ name: 'train', uses: 'training.train' }]) =>
    pipelineFault({ name: 'weekly', stages, triggers: triggers as never });
  const ingest = (params?: Record<string, unknown>) => [
    { name: 'a', uses: 'ingestion.ingest', ...(params && { params }) },
  ];

  it('may be absent, and none', () => {
    expect(faultOf(undefined)).toBeUndefined();
    expect(faultOf([])).toBeUndefined();
    expect(faultOf([TRIGGER, { event: 'version.trained', model: 'm' }])).toBeUndefined();
  });

  it.each([
    [{}, 'pipeline.triggers', 'a list of triggers'],
    [['dataset.versioned'], 'pipeline.triggers.0.event', /^one of dataset\.versioned, dataset\.cleaned/],
    [[null], 'pipeline.triggers.0.event', /^one of/],
    [[{ event: 3 }], 'pipeline.triggers.0.event', /^one of/],
    [[TRIGGER, { event: 'toString' }], 'pipeline.triggers.1.event', /^one of/],
    [[{ event: 'dataset.versioned' }], 'pipeline.triggers.0.dataset', 'the only name'],
    [[{ event: 'dataset.versioned', dataset: '' }], 'pipeline.triggers.0.dataset', 'the only name'],
    [[{ event: 'dataset.versioned', dataset: 3 }], 'pipeline.triggers.0.dataset', 'the only name'],
    [[{ ...TRIGGER, model: 'm' }], 'pipeline.triggers.0.dataset', 'the only name'],
  ])('are refused as %o', (triggers, path, must) => {
    const fault = faultOf(triggers);

    expect(fault?.path).toBe(path);
    expect(fault?.must).toMatch(must);
  });

  it('must not be caused by a stage of the pipeline itself', () => {
    const fault = { path: 'pipeline.triggers.0', must: 'an event that no stage of the pipeline causes' };

    expect(faultOf([TRIGGER], ingest({ dataset: 'loads' }))).toEqual(fault);
    expect(faultOf([TRIGGER], ingest({ dataset: '{{ params.dataset }}' }))).toEqual(fault);
    expect(faultOf([TRIGGER], ingest({ dataset: 'prices' }))).toBeUndefined();
    expect(faultOf([TRIGGER], ingest())).toBeUndefined();
    expect(faultOf([TRIGGER], [{ name: 'a', uses: 'training.train', params: { dataset: 'loads' } }])).toBeUndefined();
    expect(faultOf([TRIGGER], [{ name: 'z', uses: 'a.b' }, ...ingest({ dataset: 'loads' })])).toEqual(fault);
  });
});
