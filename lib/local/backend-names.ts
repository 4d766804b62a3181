/** What `npm start -- --platform` takes, the default first. */
export const BACKENDS = ['sqlite', 'aws', 'rabbit-redis'] as const;

export type BackendName = (typeof BACKENDS)[number];
