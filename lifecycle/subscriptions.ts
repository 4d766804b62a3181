import type { Subscriptions } from './service.ts';

/** The stages that each event starts. */
export const SUBSCRIPTIONS: Subscriptions = {
  'dataset.versioned': [],
  'dataset.cleaned': [],
  'features.materialized': [],
  'version.trained': [],
  'deployment.changed': [],
  'drift.detected': [
    { service: 'serving', stage: 'note-drift' },
    { service: 'pipelines', stage: 'retrain' },
    { service: 'alerts', stage: 'drift' },
  ],
  'window.computed': [{ service: 'alerts', stage: 'window' }],
};
