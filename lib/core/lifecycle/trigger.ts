import { type FieldFault, isRecord } from '../field-rules.ts';
import type { LifecycleEvent } from './services.ts';

/** Events that start pipelines: the field that says what an event is about, and the operation that causes it. */
const TRIGGER_EVENTS = {
  'dataset.versioned': { subject: 'dataset', cause: 'ingestion.ingest' },
  'dataset.cleaned': { subject: 'recipe', cause: 'preprocessing.run-recipe' },
  'features.materialized': { subject: 'view', cause: 'features.materialize' },
  'version.trained': { subject: 'model', cause: 'training.train' },
  'deployment.changed': { subject: 'model', cause: 'serving.deploy' },
} as const;

export type TriggerEvent = keyof typeof TRIGGER_EVENTS;

/** The event that starts a pipeline, and what it must be about: `{"event": "dataset.versioned", "dataset": "loads"}`. */
export interface Trigger {
  readonly event: TriggerEvent;
  readonly dataset?: string;
  readonly recipe?: string;
  readonly view?: string;
  readonly model?: string;
}

export const isTriggerEvent = (type: string): type is TriggerEvent => Object.hasOwn(TRIGGER_EVENTS, type);

/** Whether one of the triggers fits the event. */
export const isTriggeredBy = (
  triggers: readonly Trigger[] | undefined,
  { type, payload }: Pick<LifecycleEvent, 'type' | 'payload'>,
): boolean =>
  (triggers ?? []).some(
    (trigger) => trigger.event === type && subjectOf(trigger) === subjectOf({ ...payload, event: type }),
  );

/** What an event or a trigger is about. */
export function subjectOf(about: { readonly event: string }): unknown {
  return isTriggerEvent(about.event) ? { ...about }[TRIGGER_EVENTS[about.event].subject as never] : undefined;
}

interface StageLike {
  readonly uses: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The first fault. Triggers must not start what causes them again. Undefined for valid and for missing ones. */
export function faultOfTriggers(triggers: unknown, stages: readonly StageLike[]): FieldFault | undefined {
  if (triggers === undefined) return undefined;
  if (!Array.isArray(triggers)) return { path: 'pipeline.triggers', must: 'a list of triggers' };
  for (const [index, trigger] of triggers.entries()) {
    const path = `pipeline.triggers.${index}`;
    if (!isRecord(trigger) || typeof trigger.event !== 'string' || !isTriggerEvent(trigger.event)) {
      return { path: `${path}.event`, must: `one of ${Object.keys(TRIGGER_EVENTS).join(', ')}` };
    }
    const { subject, cause } = TRIGGER_EVENTS[trigger.event];
    const name = trigger[subject];
    const isAlone = Object.keys(trigger).length === 2;
    if (typeof name !== 'string' || name === '' || !isAlone)
      return { path: `${path}.${subject}`, must: 'the only name' };
    const isCause = ({ uses, params = {} }: StageLike) =>
      uses === cause && (params[subject] === name || String(params[subject]).includes('{{'));
    if (stages.some(isCause)) return { path, must: 'an event that no stage of the pipeline causes' };
  }
  return undefined;
}
